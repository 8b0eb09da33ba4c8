import { fork } from 'node:child_process'
import { resolve } from 'node:path'
import { median, table } from './figures.ts'
import { drive } from './load.ts'
import type { Person } from './population.ts'
import { cpuMicroseconds, messageOf } from './processes.ts'
import { measured, serviceTarget } from './requests.ts'

const rounds = 9

async function startService(cwd: string, isQuick: boolean) {
  const execArgv = ['--import', resolve('scripts/install.mjs')]
  const child = fork(resolve('scripts/bench/checkout.ts'), [isQuick ? '100' : '1000'], { cwd, execArgv })
  const service = await messageOf<{ url: string; people: readonly Person[]; pid: number }>(child)
  return { ...service, close: () => child.disconnect() }
}

/**
 * Compares the speed of this checkout with that of another (`--with FOLDER`, which needs its own libraries). Each has
 * its own runtime and database; both are driven in turn over 8 connections.
 */
export async function compare(isQuick: boolean, folder: string): Promise<string> {
  const services = [await startService('.', isQuick), await startService(folder, isQuick)]
  try {
    const rows: string[][] = []
    for (const request of measured.filter(({ isRefresh }) => !isRefresh)) {
      const costs = services.map(() => ({ rates: [] as number[], cpu: [] as number[] }))
      // The first round warms up and does not count; which service goes first alternates.
      for (let round = -1; round < (isQuick ? 1 : rounds); round++) {
        const order = [...services.entries()]
        for (const [at, { url, people, pid }] of round % 2 === 0 ? order : order.toReversed()) {
          const before = cpuMicroseconds(pid)
          const { rate, count } = await drive(serviceTarget(url, request), people, isQuick ? 0.5 : 2)
          if (round < 0) continue
          costs[at]?.rates.push(rate)
          costs[at]?.cpu.push((cpuMicroseconds(pid) - before) / count)
        }
      }
      const [own, other] = costs
      const ratios = own?.rates.map((rate, round) => rate / (other?.rates[round] ?? Number.NaN)) ?? []
      const cells = costs.map(({ rates, cpu }) => `${median(rates).toFixed(0)} (${median(cpu).toFixed(0)})`)
      rows.push([request.name, ...cells, `**${median(ratios).toFixed(2)}**`])
    }
    return table(['', 'This checkout', 'The other', '÷'], rows)
  } finally {
    for (const service of services) service.close()
  }
}
