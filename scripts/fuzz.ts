/** `npm run fuzz`: the contract's fuzz at length, on D1 and on libSQL, and a table of what was asked and answered. */
import { parseArgs } from 'node:util'
import { CommandError, runCommand } from './command.ts'
import { writeBetweenMarks } from './marks.ts'
import { type Report, runVitest } from './vitest.ts'

const projects = ['d1', 'libsql'] as const
type Project = (typeof projects)[number]

/** What a run left behind: see test/contract/contract.test.ts. */
export interface Outcome {
  readonly seed: number
  readonly table: string
}

/** What a report tells of the run, and whether it kept every promise; undefined where nothing ran. */
export function outcomeIn(report: Pick<Report, 'testResults'>): (Outcome & { readonly passed: boolean }) | undefined {
  for (const { status, meta } of report.testResults.flatMap(({ assertionResults }) => assertionResults)) {
    const { fuzz } = (meta ?? {}) as { fuzz?: Outcome }
    if (fuzz) return { ...fuzz, passed: status === 'passed' }
  }
  return undefined
}

/** Runs the fuzz on one database. */
async function fuzz(project: Project, requests: number, seed: number) {
  const { report } = await runVitest(['--project', project, 'test/contract/contract.test.ts'], {
    ...{ FUZZ_REQUESTS: String(requests), FUZZ_SEED: String(seed) },
  })
  return report && outcomeIn(report)
}

/** A whole number of an option or a variable. @throws CommandError that says what to write */
export function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new CommandError(`${name} must be a whole number below 1,000,000,000, not "${text}".`)
  return Number(text)
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
  if (chosen.length === 0)
    throw new CommandError(`--project must be ${projects.join(' or ')}, not "${values.project}".`)

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
    writeBetweenMarks('docs/contract.md', 'fuzz', tables.join('\n\n'))
}

if (import.meta.main) await runCommand(main)
