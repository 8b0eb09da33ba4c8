/**
 * `npm test`: all tests. Its last line counts them: `N passed, N failed` and, if there are any, `, N skipped`.
 *
 * `npm test -- --full` runs them at full strength (CONTRIBUTING.md); all other arguments are vitest's.
 */
import { accessSync, constants, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findChromium } from '../test/browser/chromium.ts'
import { copyAssets } from './assets.ts'
import { type Report, runVitest } from './vitest.ts'

/** Counts tests. What prevented tests counts as a failure: an unloadable file, another error, or that none ran. */
function count(report: Report, exitCode: number, mayBeNone: boolean) {
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length
  const [passed, failed] = [report.numPassedTests, report.numFailedTests + unloaded]
  const hasOtherFault = exitCode !== 0 || (passed + failed === 0 && !mayBeNone)
  const skipped = report.numPendingTests + report.numTodoTests
  return { passed, failed: failed === 0 && hasOtherFault ? 1 : failed, skipped }
}

/** The folder of the tests' databases, if it has room: on a disk, D1 waits for each statement to be written. */
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

const args = process.argv.slice(2).filter((arg) => arg !== '--full')
copyAssets()
const chromium = findChromium()
if (!chromium) console.log('No Chromium found: browser tests are skipped. Set CHROMIUM_PATH to where one is.\n')
const { exitCode, report } = await runVitest(args, {
  ...(chromium ? { CHROMIUM_PATH: chromium } : {}),
  TEST_FULL: process.argv.includes('--full') ? '1' : '',
  ...(hasMemoryDisk() ? { TMPDIR: memoryDisk } : {}),
  // The tests start many processes, most of which load wrangler.
  NODE_COMPILE_CACHE: join(tmpdir(), 'vizitka-compile-cache'),
  // The certificate authority of the mail tests, so that letters can be sent over TLS.
  NODE_EXTRA_CA_CERTS: resolve('test/hostile-smtp.ts'),
})
if (!report) console.error('vitest left no report that can be read.')
const none = { passed: 0, failed: 1, skipped: 0 }
const { passed, failed, skipped } = report ? count(report, exitCode, args.includes('--changed')) : none
if (exitCode === 0 && failed > 0) console.error('No test ran, and that is no success.')
process.exitCode = failed > 0 ? exitCode || 1 : exitCode
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
