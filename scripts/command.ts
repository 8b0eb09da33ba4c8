import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, type ParseArgsConfig, parseArgs } from 'node:util'

/** Why a command cannot do its work, and what to do, in words for the person who typed it. */
export class CommandError extends Error {}

/** Runs a command. An error is printed, a CommandError without its stack, and the exit code is 1. */
export async function runCommand(main: () => Promise<void> | void, redact = (text: string) => text): Promise<void> {
  try {
    await main()
  } catch (error) {
    console.error(redact(error instanceof CommandError ? error.message : inspect(error)))
    process.exitCode = 1
  }
}

/** Reads a command's options, or prints `help` and ends. @throws CommandError with `help` for an unknown option */
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

/** The message of an error's innermost cause. */
export function innermost(error: unknown): string {
  let cause = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

/** Runs something with a temporary folder that only this user can read, and then deletes it. */
export async function inFolder<Result>(use: (folder: string) => Promise<Result> | Result): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
