import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Drive, Driven } from './driver.ts'
import { median, table } from './figures.ts'
import type { Person } from './population.ts'
import { childrenOf, cpuMicroseconds, exitOf } from './processes.ts'
import { baselineTarget, type Measured, measured, record, serviceTarget, type Target } from './requests.ts'
import { build, type Runtime, withRuntime } from './runtime.ts'

const connections = 32
const rounds = 7

/** What a target did, and the processor's time that the runtime spent on each request, in microseconds. */
interface Cost extends Driven {
  readonly cpu: number
}

/** Drives a target for some seconds, each connection as another person. @throws Error on any answer but a success */
export async function drive(
  { url, request, headers }: Target,
  people: readonly Person[],
  seconds: number,
): Promise<Driven> {
  const requests = people.map((person) => ({
    method: request.method,
    path: request.path(person),
    headers: headers(person),
    ...(request.body ? { body: JSON.stringify(request.body(person)) } : {}),
  }))
  const order: Drive = { url, seconds, requests, isRefresh: request.isRefresh ?? false }
  const driver: ChildProcess = fork(join(import.meta.dirname, 'driver.ts'))
  driver.send(order)
  const [driven] = (await Promise.race([once(driver, 'message'), exitOf(driver)])) as [Driven]
  if (Object.keys(driven.failures).length > 0) {
    throw new Error(`${request.method} ${requests[0]?.path} was answered ${JSON.stringify(driven.failures)}.`)
  }
  for (const [at, token] of driven.tokens.entries()) {
    const person = people[at]
    if (person && token) person.refreshToken = token
  }
  return driven
}

/**
 * How many requests the service answers in a second, beside its own calls made bare, in the same runtime and the same
 * run.
 */
export async function load(isQuick: boolean): Promise<string> {
  const workers = { service: await build(), baseline: await build('scripts/bench/baseline.ts') }
  const books = Array.from({ length: connections * 2 }, () => (isQuick ? 100 : 1000))
  return withRuntime({ workers, books }, async (runtime, people) => {
    const rows: string[][] = []
    for (const request of measured) rows.push(await rowOf(request, runtime, people, isQuick))
    const heads = ['', 'Vizitka', 'p50', 'p99', 'The same calls, bare', '÷']
    return [
      `Requests a second over ${connections} connections, medians of ${isQuick ? 1 : rounds} rounds in turn; p50 and p99 in milliseconds; the ratio is the median of each round’s own. In brackets the processor’s time that the runtime spent on a request, in microseconds.`,
      table(heads, rows),
    ].join('\n\n')
  })
}

/** Measures one request and its baseline, round by round, and makes its row of the table. */
async function rowOf(
  request: Measured,
  { urls }: Runtime,
  people: readonly Person[],
  isQuick: boolean,
): Promise<string[]> {
  const { service = '', baseline = '' } = urls
  // A refresh needs a session that nobody else refreshes.
  const [ours, theirs] = [people.slice(0, connections), people.slice(connections)]
  const [first] = ours
  if (!first) throw new Error('There is nobody to measure with.')
  await record(baseline, request, first)
  const costs: { service: Cost[]; baseline: Cost[] } = { service: [], baseline: [] }
  const measure = async (target: Target, persons: readonly Person[]): Promise<Cost> => {
    const before = cpuMicroseconds(runtimePid())
    const driven = await drive(target, persons, isQuick ? 0.5 : 2.5)
    return { ...driven, cpu: (cpuMicroseconds(runtimePid()) - before) / driven.count }
  }
  // The first round warms: all is compiled, every gate is awake and every account is cached.
  for (let round = -1; round < (isQuick ? 1 : rounds); round++) {
    const bare = await measure(baselineTarget(baseline, request), theirs)
    const own = await measure(serviceTarget(service, request), ours)
    if (round < 0) continue
    costs.baseline.push(bare)
    costs.service.push(own)
  }
  const middle = (of: readonly Cost[], figure: 'rate' | 'p50' | 'p99' | 'cpu') =>
    median(of.map((cost) => cost[figure])).toFixed(0)
  const rate = (of: readonly Cost[]) => `${middle(of, 'rate')} (${middle(of, 'cpu')})`
  const ratios = costs.service.map(({ rate }, round) => rate / (costs.baseline[round]?.rate ?? Number.NaN))
  const latencies = [middle(costs.service, 'p50'), middle(costs.service, 'p99')]
  return [request.name, rate(costs.service), ...latencies, rate(costs.baseline), `**${median(ratios).toFixed(2)}**`]
}

/** The runtime is the only child of this process while nothing drives it. */
function runtimePid(): number {
  const [pid] = childrenOf(process.pid)
  if (pid === undefined) throw new Error('There is no runtime.')
  return pid
}
