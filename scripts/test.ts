/**
 * `npm test`: every test there is. Its last line is the tally, `N passed, N failed` and, where any were, `, N skipped`.
 *
 * `npm test -- --full` runs them at full strength (CONTRIBUTING.md says what that adds); all other arguments are
 * vitest's.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findChromium } from '../test/browser/chromium.ts'
import { copyAssets } from './assets.ts'

interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What is read of vitest's JSON report. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { status: string }[] }[]
}

/**
 * Counts a report. What kept tests from running counts as a failure: a file that did not load, an error outside of
 * tests, and, unless `mayBeNone`, that there was no test.
 */
export function count(report: Report, exitCode: number, mayBeNone = false): Tally {
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length
  const tally = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded,
    skipped: report.numPendingTests + report.numTodoTests,
  }
  if (Object.values(tally).some((n) => !Number.isInteger(n))) throw new Error('The report lacks a count.')
  const nothingRan = tally.passed + tally.failed === 0
  return tally.failed === 0 && (exitCode !== 0 || (nothingRan && !mayBeNone)) ? { ...tally, failed: 1 } : tally
}

/** Databases of tests live here where there is room: each statement of the local D1 waits for the disk otherwise. */
const memoryDisk = '/dev/shm'
const memoryDiskBytes = 4 * 2 ** 30

function hasMemoryDisk(): boolean {
  try {
    const { bavail, bsize } = statfsSync(memoryDisk)
    accessSync(memoryDisk, constants.W_OK)
    return bavail * bsize >= memoryDiskBytes
  } catch {
    return false
  }
}

async function main(): Promise<void> {
  const full = process.argv.includes('--full')
  const args = process.argv.slice(2).filter((arg) => arg !== '--full')
  copyAssets()
  const chromium = findChromium()
  if (!chromium) console.log('No Chromium found: browser tests are skipped. Set CHROMIUM_PATH to where one is.\n')

  const folder = mkdtempSync(join(tmpdir(), 'vizitka-test-'))
  const report = join(folder, 'report.json')
  const vitest = spawn(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      ...args,
    ],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        ...(chromium ? { CHROMIUM_PATH: chromium } : {}),
        TEST_FULL: full ? '1' : '',
        ...(hasMemoryDisk() ? { TMPDIR: memoryDisk } : {}),
        // Of the many processes that the tests start, most load wrangler.
        NODE_COMPILE_CACHE: join(tmpdir(), 'vizitka-compile-cache'),
        // The mail tests' own certificate authority, so that letters over TLS can really be sent.
        NODE_EXTRA_CA_CERTS: resolve('test/hostile-smtp.ts'),
      },
    },
  )
  // Ctrl-C reaches vitest as well, and it ends by itself; the tally is printed all the same.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => vitest.kill(signal))
  const [code] = await once(vitest, 'exit')
  const exitCode = typeof code === 'number' ? code : 1

  let tally: Tally
  try {
    tally = count(JSON.parse(readFileSync(report, 'utf8')), exitCode, args.includes('--changed'))
  } catch (error) {
    console.error(`vitest left no report that can be read: ${error instanceof Error ? error.message : error}`)
    tally = { passed: 0, failed: 1, skipped: 0 }
  }
  rmSync(folder, { recursive: true, force: true })

  const { passed, failed, skipped } = tally
  if (exitCode === 0 && failed > 0) console.error('No test ran, and that is no success.')
  process.exitCode = failed > 0 ? exitCode || 1 : exitCode
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
}

if (import.meta.main) await main()
