/** `npm run bench -- NAME`: measures, prints, and writes the figures into docs/benchmarks.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { confirmed, password, send } from '../test/browser/people.ts'
import { type Service, startService } from '../test/browser/service.ts'
import { drawProgress } from './progress.ts'

const file = 'docs/benchmarks.md'

/** A benchmark: its figures as a table of Markdown. `quick` is enough to see that it works. */
type Benchmark = (quick: boolean) => Promise<string>

const benchmarks: Readonly<Record<string, Benchmark>> = { timing }

/** The middle of some numbers, and the numbers below which a tenth and nine tenths of them lie. */
export function summary(numbers: readonly number[]): { median: number; p10: number; p90: number } {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
  const middle = sorted.length / 2
  const median = Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2 : at(0.5)
  return { median, p10: at(0.1), p90: at(0.9) }
}

/** Whether the time of an answer tells who has an account: logging in and asking for a new password, known and unknown. */
async function timing(quick: boolean): Promise<string> {
  const rounds = quick ? 5 : 50
  const limits = ['login-failures', 'login-failures-hour', 'login-failures-email', 'request-email-to']
  const service = await startService({ RATE_LIMITS: limits.map((name) => `${name}=1000/60s`).join(',') })
  try {
    const known = [(await confirmed(service, 'ana')).email, (await confirmed(service, 'boris')).email] as const
    const unknown = () => `nobody-${crypto.randomUUID()}@example.com`
    const asks: Record<string, (email: string) => Promise<number>> = {
      'POST /api/auth/login, wrong password': (email) =>
        took(service, '/api/auth/login', { email, password: `not ${password}` }, 401),
      'POST /api/auth/request-password-reset-email': (email) =>
        took(service, '/api/auth/request-password-reset-email', { email }, 202),
    }
    const rows: string[] = []
    const all = Object.keys(asks).length * rounds
    let done = 0
    for (const [name, ask] of Object.entries(asks)) {
      for (const email of [...known, unknown()]) await ask(email)
      const times: { known: number[]; another: number[]; unknown: number[] } = { known: [], another: [], unknown: [] }
      for (let round = 0; round < rounds; round++) {
        // Turn and turn about, each of the three first as often as the others, so that what drifts drifts for all.
        const turns = [
          async () => times.known.push(await ask(known[0])),
          async () => times.another.push(await ask(known[1])),
          async () => times.unknown.push(await ask(unknown())),
        ]
        for (let turn = 0; turn < turns.length; turn++) await turns[(round + turn) % turns.length]?.()
        drawProgress(++done, all)
      }
      const [a, b, none] = [summary(times.known), summary(times.another), summary(times.unknown)]
      const shown = ({ median, p10, p90 }: typeof a): string => `${ms(median)} (${ms(p10)}–${ms(p90)})`
      rows.push(`| \`${name}\` | ${shown(a)} | ${shown(b)} | ${shown(none)} | ${ratio(none, a)} | ${ratio(b, a)} |`)
    }
    return [
      `Medians of ${rounds} each, in milliseconds, with the tenth and the ninetieth percentile.`,
      '',
      '| Request | Known address | Another known one | Unknown address | Unknown ÷ known | Known ÷ known |',
      '|---|---|---|---|---|---|',
      ...rows,
    ].join('\n')
  } finally {
    await service.close()
  }
}

const ms = (value: number): string => value.toFixed(1)
const ratio = (one: { median: number }, other: { median: number }): string => (one.median / other.median).toFixed(2)

/** How long an answer took, in milliseconds; what goes on after it has ended when this returns, as far as a client can tell. */
async function took(service: Service, path: string, body: object, expected: number): Promise<number> {
  const start = performance.now()
  const response = await send(service, path, body)
  const end = performance.now()
  await response.text()
  if (response.status !== expected) throw new Error(`${path} was answered by ${response.status}, not ${expected}.`)
  // A letter may be written and sent now: nobody's next answer is to wait for it.
  await new Promise((resolve) => setTimeout(resolve, 150))
  return end - start
}

/** Puts a benchmark's figures between its marks in docs/benchmarks.md. */
function write(name: string, figures: string): void {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}, Node ${process.versions.node}`
  const block = `<!-- ${name}:begin -->\n\n${figures}\n\nMeasured on ${new Date().toISOString().slice(0, 10)} on ${machine}.\n\n<!-- ${name}:end -->`
  const text = readFileSync(file, 'utf8')
  const marks = new RegExp(`<!-- ${name}:begin -->.*<!-- ${name}:end -->`, 's')
  if (!marks.test(text)) throw new Error(`${file} has no marks for ${name}.`)
  writeFileSync(
    file,
    text.replace(marks, () => block),
  )
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean' } } })
  const names = positionals.length > 0 ? positionals : Object.keys(benchmarks)
  const odd = names.find((name) => !Object.hasOwn(benchmarks, name))
  if (odd !== undefined) {
    console.error(`There is no benchmark "${odd}"; there are: ${Object.keys(benchmarks).join(', ')}.`)
    process.exit(1)
  }
  for (const name of names) {
    const figures = await benchmarks[name]?.(values.quick ?? false)
    if (figures === undefined) continue
    console.log(`\n${figures}\n`)
    // Figures of a quick run say that it runs, and nothing else.
    if (!values.quick) write(name, figures)
  }
}
