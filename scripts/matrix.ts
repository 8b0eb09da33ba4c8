/** `npm run matrix`: writes the table of roles and routes into docs/security.md, as test/matrix.test.ts sees it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** As much of vitest's JSON report as is read. */
interface Report {
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly { readonly title: string; readonly failureMessages: readonly string[] | null }[]
  }[]
}

const document = 'docs/security.md'
const begin = '<!-- matrix:begin -->'
const end = '<!-- matrix:end -->'

/** The table that the test would have found, if what is written differs from it. */
function tableIn(message: string): string | undefined {
  return message.match(/The table of docs\/security\.md is not .*?\n\n((?:^\|.*\|$\n)+)/ms)?.[1]?.trimEnd()
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-matrix-'))
  const file = join(folder, 'report.json')
  const args = ['run', '--project', 'd1', 'test/matrix.test.ts', '--reporter=json', `--outputFile=${file}`]
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], { stdio: 'inherit' })
  const report: Report = JSON.parse(readFileSync(file, 'utf8'))
  rmSync(folder, { recursive: true, force: true })

  let table: string | undefined
  const faults: string[] = []
  for (const { message, assertionResults } of report.testResults) {
    if (assertionResults.length === 0) faults.push(message)
    for (const { title, failureMessages } of assertionResults) {
      for (const failure of failureMessages ?? []) {
        const found = tableIn(failure)
        if (found === undefined) faults.push(`${title}\n${failure}`)
        else table = found
      }
    }
  }
  // What is wrong with the answers themselves must be mended, and not written down.
  if (faults.length > 0) {
    console.error(faults.join('\n\n'))
    process.exitCode = 1
  } else if (table === undefined) {
    console.log(status === 0 ? `${document} is right as it is.` : 'The test did not run.')
    process.exitCode = status ?? 1
  } else {
    const text = readFileSync(document, 'utf8')
    const [before, , after] = text.split(new RegExp(`(?<=${begin})(.*?)(?=${end})`, 's'))
    if (before === undefined || after === undefined) throw new Error(`${document} has no ${begin} and ${end}.`)
    writeFileSync(document, `${before}\n\n${table}\n\n${after}`)
    console.log(`${document} is written anew: read what changed.`)
  }
}

if (import.meta.main) main()
