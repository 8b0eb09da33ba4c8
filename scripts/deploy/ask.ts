import { createInterface } from 'node:readline'
import { CommandError } from '../command.ts'

/** Asks the person at the terminal. */
export interface Ask {
  /** Reads a line; an empty one means `byDefault`. */
  (question: string, byDefault?: string): Promise<string>
  /** Reads a line that is not shown. */
  secret(question: string): Promise<string>
  /** Reads yes or no; an empty line means no. */
  sure(question: string): Promise<boolean>
}

/** Asks by standard input and output; undefined if nobody sits there, as in a pipe or on a build machine. */
export function askAtTerminal(): Ask | undefined {
  const { stdin: input, stdout: output } = process
  if (!input.isTTY || !output.isTTY || process.env.CI) return undefined
  const readLine = (question: string, isShown: boolean) =>
    new Promise<string>((done, failed) => {
      // With `terminal` and without an output, readline replaces the terminal's echo and shows nothing. This comes
      // before the question, so that fast typing is not shown, either.
      const reader = createInterface({ input, terminal: !isShown, ...(isShown ? { output } : {}) })
      output.write(question)
      reader.once('line', (text) => {
        done(text.trim())
        reader.close()
        if (!isShown) output.write('\n')
      })
      reader.once('SIGINT', () => reader.close())
      reader.once('close', () => failed(new CommandError('Stopped.')))
    })
  const ask = async (question: string, byDefault = '') =>
    (await readLine(byDefault ? `${question} [${byDefault}] ` : `${question} `, true)) || byDefault
  return Object.assign(ask, {
    secret: (question: string) => readLine(`${question} `, false),
    sure: async (question: string) => /^y(es)?$/i.test(await readLine(`${question} [y/N] `, true)),
  })
}
