import { createInterface } from 'node:readline'
import { CommandError } from '../command.ts'

/** Asks the person at the terminal. */
export interface Ask {
  /** A line; `otherwise` where it is left empty. */
  (question: string, otherwise?: string): Promise<string>
  /** A line that is not shown while it is typed. */
  secret(question: string): Promise<string>
  /** Yes or no; no, where it is left empty. */
  sure(question: string): Promise<boolean>
}

/** Who can be asked: undefined where nobody sits there, as in a pipe or on a build machine. */
export function askerAt(input = process.stdin, output = process.stdout): Ask | undefined {
  if (!input.isTTY || !output.isTTY || process.env.CI) return undefined
  return askerOf(input, output)
}

/** Asks by two streams. */
export function askerOf(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Ask {
  const line = (question: string, displayed: boolean) =>
    new Promise<string>((done, failed) => {
      // Where it is not to be shown, readline takes over from the terminal, which shows all, and is given no output to
      // show it on; and that before the question, so that who is quick is not seen, either.
      const reader = createInterface({ input, terminal: !displayed, ...(displayed ? { output } : {}) })
      output.write(question)
      let answered = false
      reader.once('line', (text) => {
        answered = true
        reader.close()
        if (!displayed) output.write('\n')
        done(text.trim())
      })
      reader.once('SIGINT', () => reader.close())
      reader.once('close', () => answered || failed(new CommandError('Stopped.')))
    })
  const ask = async (question: string, otherwise = '') =>
    (await line(otherwise ? `${question} [${otherwise}] ` : `${question} `, true)) || otherwise
  return Object.assign(ask, {
    secret: (question: string) => line(`${question} `, false),
    sure: async (question: string) => /^y(es)?$/i.test(await line(`${question} [y/N] `, true)),
  })
}
