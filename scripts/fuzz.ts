/** `npm run fuzz`: the contract's fuzz test at length, on D1 and on libSQL, with a table of requests and responses. */
import { parseArgs } from 'node:util'
import { CommandError, runCommand } from './command.ts'
import { writeBetweenMarks } from './marks.ts'
import { type Report, runVitest } from './vitest.ts'

const projects = ['d1', 'libsql']

/** The result that test/contract/contract.test.ts leaves in the report. */
interface Outcome {
  readonly project: string
  readonly seed: number
  readonly table: string
}

/** Finds the results in a report; a test that did not run has none. */
export const outcomesIn = (report: Report | undefined): Outcome[] =>
  (report?.testResults ?? [])
    .flatMap(({ assertionResults }) => assertionResults)
    .flatMap(({ meta }) => (meta as { fuzz?: Outcome }).fuzz ?? [])

/** Parses a number. @throws CommandError that says what to write */
export function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new CommandError(`${name} must be a whole number below 1,000,000,000, not "${text}".`)
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

  console.log(`${requests} requests on ${chosen.join(' and ')}, by the seed ${seed}`)
  const args = ['test/contract/contract.test.ts', ...chosen.map((project) => `--project=${project}`)]
  const { exitCode, report } = await runVitest(args, { FUZZ_REQUESTS: `${requests}`, FUZZ_SEED: `${seed}` })
  process.exitCode = exitCode
  const tables = outcomesIn(report)
    .toSorted((one, other) => projects.indexOf(one.project) - projects.indexOf(other.project))
    .map((one) => `On ${one.project === 'd1' ? 'D1' : 'libSQL'}, by the seed ${one.seed}:\n\n${one.table}`)
    .join('\n\n')
  console.log(`\n${tables}`)
  if (values.write && exitCode === 0 && tables) writeBetweenMarks('docs/contract.md', 'fuzz', tables)
}

if (import.meta.main) await runCommand(main)
