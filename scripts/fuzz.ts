/** `npm run fuzz`: the contract's fuzz at length, on D1 and on libSQL, and a table of what was asked and answered. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const projects = ['d1', 'libsql'] as const
type Project = (typeof projects)[number]

const document = 'docs/contract.md'

/** What a run left behind: see test/contract/contract.test.ts. */
export interface Outcome {
  readonly seed: number
  readonly table: string
}

/** As much of vitest's JSON report as is read. */
interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly meta?: { readonly fuzz?: Outcome } }[]
  }[]
}

/** What a report tells of the run, and whether it kept every promise; undefined where nothing ran. */
export function outcomeIn(report: Report): (Outcome & { readonly passed: boolean }) | undefined {
  for (const { assertionResults } of report.testResults) {
    for (const { status, meta } of assertionResults)
      if (meta?.fuzz) return { ...meta.fuzz, passed: status === 'passed' }
  }
  return undefined
}

/** Runs the fuzz on one database. */
async function fuzz(project: Project, requests: number, seed: number) {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-fuzz-'))
  const file = join(folder, 'report.json')
  const args = ['run', '--project', project, 'test/contract/contract.test.ts', '--reporter=default', '--reporter=json']
  const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args, `--outputFile.json=${file}`], {
    stdio: 'inherit',
    env: { ...process.env, FUZZ_REQUESTS: String(requests), FUZZ_SEED: String(seed) },
  })
  await once(vitest, 'exit')
  try {
    return outcomeIn(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // It said itself why it left no report.
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A whole number of an option or a variable. @throws Error that says what to write */
export function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number below 1,000,000,000, not "${text}".`)
  return Number(text)
}

/** Puts the tables between their marks. */
export function written(text: string, tables: string): string {
  const marks = /(?<=<!-- fuzz:begin -->).*(?=<!-- fuzz:end -->)/s
  if (!marks.test(text)) throw new Error(`${document} has no marks for the tables.`)
  return text.replace(marks, () => `\n\n${tables}\n\n`)
}

async function main(): Promise<void> {
  const { FUZZ_REQUESTS = '20000', FUZZ_SEED = String(Math.floor(Math.random() * 1e9)) } = process.env
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: FUZZ_REQUESTS },
      seed: { type: 'string', default: FUZZ_SEED },
      project: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  })
  const requests = wholeNumber('--requests', values.requests)
  const seed = wholeNumber('--seed', values.seed)
  const chosen = projects.filter((project) => values.project === undefined || values.project === project)
  if (chosen.length === 0) throw new Error(`--project must be ${projects.join(' or ')}, not "${values.project}".`)

  const tables: string[] = []
  for (const project of chosen) {
    console.log(`${requests} requests on ${project}, by the seed ${seed}`)
    const outcome = await fuzz(project, requests, seed)
    if (!outcome?.passed) process.exitCode = 1
    if (outcome)
      tables.push(`On ${project === 'd1' ? 'D1' : 'libSQL'}, by the seed ${outcome.seed}:\n\n${outcome.table}`)
  }
  console.log(`\n${tables.join('\n\n')}`)
  if (values.write && process.exitCode !== 1 && tables.length > 0)
    writeFileSync(document, written(readFileSync(document, 'utf8'), tables.join('\n\n')))
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
