import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inFolder } from './command.ts'

/** What is read of vitest's JSON report. */
export interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly title: string
      readonly failureMessages: readonly string[] | null
      readonly meta?: object
    }[]
  }[]
}

/** What vitest ended with; it has no report where it did not come that far, and has said why. */
export interface VitestRun {
  readonly exitCode: number
  readonly report: Report | undefined
}

/** Runs vitest, which prints as it goes, and reads its report. Ctrl-C reaches it as well, and it ends by itself. */
export const runVitest = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<VitestRun> =>
  inFolder(async (folder) => {
    const file = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], {
      stdio: 'inherit',
      env: { ...process.env, ...env },
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => vitest.kill(signal))
    const [code] = await once(vitest, 'exit')
    const exitCode = typeof code === 'number' ? code : 1
    try {
      return { exitCode, report: JSON.parse(readFileSync(file, 'utf8')) }
    } catch {
      return { exitCode, report: undefined }
    }
  })
