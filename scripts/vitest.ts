import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonTestResults } from 'vitest/node'
import { inFolder } from './command.ts'

/** The part of vitest's JSON report that is read. */
export type Report = Pick<
  JsonTestResults,
  'numPassedTests' | 'numFailedTests' | 'numPendingTests' | 'numTodoTests' | 'testResults'
>

/**
 * Runs vitest, which prints its output, and reads its report; there is none if vitest failed before. On Ctrl-C vitest
 * ends by itself.
 */
export const runVitest = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  inFolder(async (folder): Promise<{ exitCode: number; report: Report | undefined }> => {
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
