/**
 * `npm test`: every test there is. Its last line is the tally, `N passed, N failed` and, where any were, `, N skipped`.
 *
 * `npm test -- --full` runs them at full strength (CONTRIBUTING.md says what that adds); all other arguments are
 * vitest's.
 */
import { accessSync, constants, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findChromium } from '../test/browser/chromium.ts'
import { copyAssets } from './assets.ts'
import { type Report, runVitest } from './vitest.ts'

/**
 * Counts a report. What kept tests from running counts as a failure: a file that did not load, an error outside of
 * tests, and, unless `mayBeNone`, that there was no test.
 */
function count(report: Report, exitCode: number, mayBeNone: boolean) {
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length
  const tally = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded,
    skipped: report.numPendingTests + report.numTodoTests,
  }
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

  const { exitCode, report } = await runVitest(args, {
    ...(chromium ? { CHROMIUM_PATH: chromium } : {}),
    TEST_FULL: full ? '1' : '',
    ...(hasMemoryDisk() ? { TMPDIR: memoryDisk } : {}),
    // Of the many processes that the tests start, most load wrangler.
    NODE_COMPILE_CACHE: join(tmpdir(), 'vizitka-compile-cache'),
    // The mail tests' own certificate authority, so that letters over TLS can really be sent.
    NODE_EXTRA_CA_CERTS: resolve('test/hostile-smtp.ts'),
  })
  if (!report) console.error('vitest left no report that can be read.')
  const none = { passed: 0, failed: 1, skipped: 0 }
  const { passed, failed, skipped } = report ? count(report, exitCode, args.includes('--changed')) : none
  if (exitCode === 0 && failed > 0) console.error('No test ran, and that is no success.')
  process.exitCode = failed > 0 ? exitCode || 1 : exitCode
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
}

if (import.meta.main) await main()
