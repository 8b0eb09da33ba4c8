/** `npm run bench -- NAME`: measures, prints the figures, and writes them into docs/benchmarks.md. */
import { arch, cpus, platform, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { compare } from './bench/compare.ts'
import { growth } from './bench/growth.ts'
import { kill } from './bench/kill.ts'
import { load } from './bench/load.ts'
import { profile } from './bench/profile.ts'
import { soak } from './bench/soak.ts'
import { CommandError, runCommand } from './command.ts'
import { writeBetweenMarks } from './marks.ts'

/** Each returns its figures as Markdown. Quick runs only show that it works. */
const benchmarks: Readonly<Record<string, (isQuick: boolean) => Promise<string>>> = {
  load,
  profile,
  soak,
  kill,
  growth,
}

await runCommand(async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, with: { type: 'string' } },
  })
  if (positionals[0] === 'compare') {
    if (!values.with) throw new CommandError('Name the checkout to compare this one with: --with FOLDER')
    console.log(await compare(values.quick, values.with))
    return
  }
  const names = positionals.length > 0 ? positionals : Object.keys(benchmarks)
  const unknown = names.find((name) => !Object.hasOwn(benchmarks, name))
  if (unknown !== undefined) {
    throw new CommandError(`There is no benchmark "${unknown}"; there are: ${Object.keys(benchmarks).join(', ')}.`)
  }
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}, Node ${process.versions.node}`
  for (const name of names) {
    const figures = await benchmarks[name]?.(values.quick)
    console.log(`\n${figures}\n`)
    const date = new Date().toISOString().slice(0, 10)
    if (!values.quick) writeBetweenMarks('docs/benchmarks.md', name, `${figures}\n\nMeasured on ${date} on ${machine}.`)
  }
})
