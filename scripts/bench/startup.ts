import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { summary } from './figures.ts'
import { build, wrangler } from './runtime.ts'

const maxKiB = 400
const maxMs = 60

/**
 * How large the Worker is, and how long it takes to start.
 * @throws Error when it is larger than it may be
 */
export async function startup(quick: boolean): Promise<string> {
  const rounds = quick ? 1 : 11
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-startup-'))
  try {
    const active: number[] = []
    for (let round = 0; round < rounds; round++) {
      const output = await wrangler('check', 'startup', '--outfile', join(folder, 'startup.cpuprofile'))
      const ms = output.match(/Active: ([\d.]+) ms/)?.[1]
      if (ms === undefined) throw new Error(`wrangler told no time:\n${output}`)
      active.push(Number(ms))
    }
    const { gzippedKiB } = await build()
    if (gzippedKiB > maxKiB) throw new Error(`The Worker has ${gzippedKiB} KiB gzipped, and may have ${maxKiB}.`)
    const { median, p10, p90 } = summary(active)
    return [
      '| | | At most |',
      '|---|---|---|',
      `| The Worker, gzipped | ${gzippedKiB} KiB | ${maxKiB} KiB |`,
      `| Starting, time of the processor (\`wrangler check startup\`, median of ${rounds}) | ${median.toFixed(1)} ms (${p10.toFixed(1)}–${p90.toFixed(1)}) | ${maxMs} ms |`,
    ].join('\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
