import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, type ParseArgsConfig, parseArgs } from 'node:util'

/** What keeps a command from doing its work, in words for the person who typed it, with what to do. */
export class CommandError extends Error {}

/** Runs a command. What is wrong is printed, in words where there are some, and the process ends with 1. */
export async function runCommand(main: () => Promise<void> | void, redact = (text: string) => text): Promise<void> {
  try {
    await main()
  } catch (error) {
    console.error(redact(error instanceof CommandError ? error.message : inspect(error)))
    process.exitCode = 1
  }
}

/**
 * Reads a command's options. With `--help` it prints what there are, and the process ends.
 * @throws CommandError for an option that there is not, with those that there are
 */
export function parseOptions<Config extends ParseArgsConfig>(help: string, config: Config) {
  const args = config.args ?? process.argv.slice(2)
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help)
    process.exit(0)
  }
  try {
    return parseArgs(config)
  } catch (error) {
    throw new CommandError(`${innermost(error)}\n\n${help}`)
  }
}

/** What an error comes from, in the words of the innermost one. */
export function innermost(error: unknown): string {
  let cause = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

/** Lends a temporary folder, which only this user can read, for as long as something runs. */
export async function inFolder<Result>(use: (folder: string) => Promise<Result> | Result): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
