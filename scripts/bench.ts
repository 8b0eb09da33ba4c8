/** `npm run bench -- NAME`: measures, prints, and writes the figures into docs/benchmarks.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { page, search } from './bench/books.ts'
import { kill } from './bench/kill.ts'
import { load } from './bench/load.ts'
import { profile } from './bench/profile.ts'
import { soak } from './bench/soak.ts'
import { startup } from './bench/startup.ts'
import { timing } from './bench/timing.ts'

const file = 'docs/benchmarks.md'

/** A benchmark: its figures as Markdown. `quick` is enough to see that it works. */
type Benchmark = (quick: boolean) => Promise<string>

const benchmarks: Readonly<Record<string, Benchmark>> = {
  load,
  profile,
  startup,
  soak,
  kill,
  timing,
  search,
  page,
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
