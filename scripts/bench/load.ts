import autocannon from 'autocannon'
import { median, table } from './figures.ts'
import type { Person } from './population.ts'
import { childrenOf, cpuMicroseconds } from './processes.ts'
import { baselineTarget, type Measured, measured, record, serviceTarget, type Target } from './requests.ts'
import { build, type Runtime, withRuntime } from './runtime.ts'

const connections = 32
const rounds = 7

/** How many responses, how many a second, and their latencies in whole milliseconds. */
interface Driven {
  readonly count: number
  readonly rate: number
  readonly p50: number
  readonly p99: number
}

/**
 * Repeats a request for some seconds, over one connection for each person.
 * @throws Error if a status was not 2xx, or a connection failed
 */
export async function drive(target: Target, people: readonly Person[], seconds: number): Promise<Driven> {
  const { url, method, path, headers, body, isRefresh } = target
  let connection = 0
  const result = await autocannon({
    ...{ url, connections: people.length, duration: seconds },
    setupClient: (client) => {
      const person = people[connection++ % people.length] as Person
      const request = { method, path: path(person), headers: headers(person) }
      const bodyNow = () => JSON.stringify(body?.(person))
      // A refresh sends the token that the previous response returned.
      const refresh: object = {
        setupRequest: (one: object) => ({ ...one, body: bodyNow() }),
        onResponse: (_status: number, answer: string) => {
          person.refreshToken = (JSON.parse(answer) as { refresh_token?: string }).refresh_token ?? person.refreshToken
        },
      }
      client.setRequests([{ ...request, ...(body ? { body: bodyNow() } : {}), ...(isRefresh ? refresh : {}) }])
    },
  })
  if (result.non2xx + result.errors > 0) {
    const statuses = JSON.stringify(result.statusCodeStats)
    throw new Error(`${method} ${target.name} was answered ${statuses}; ${result.errors} connections failed.`)
  }
  const { total } = result.requests
  return { count: total, rate: total / result.duration, p50: result.latency.p50, p99: result.latency.p99 }
}

/** Compares the requests a second of the service with those of its own calls alone, in the same runtime and run. */
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

/** Measures one request and its baseline, round by round, and returns its row of the table. */
async function rowOf(
  request: Measured,
  { urls }: Runtime,
  people: readonly Person[],
  isQuick: boolean,
): Promise<string[]> {
  const { service = '', baseline = '' } = urls
  // Service and baseline use different sessions: each refresh needs the token of the one before.
  const [ours, theirs] = [people.slice(0, connections), people.slice(connections)]
  const [first] = ours
  const [runtimePid] = childrenOf(process.pid)
  if (!first || runtimePid === undefined) throw new Error('There is no runtime, or nobody to measure with.')
  await record(baseline, request, first)
  const measure = async (target: Target, persons: readonly Person[]) => {
    const before = cpuMicroseconds(runtimePid)
    const driven = await drive(target, persons, isQuick ? 0.5 : 2.5)
    return { ...driven, cpu: (cpuMicroseconds(runtimePid) - before) / driven.count }
  }
  // The first round warms up: it compiles code, starts every gate and caches every account.
  const costs: { bare: Awaited<ReturnType<typeof measure>>; own: Awaited<ReturnType<typeof measure>> }[] = []
  for (let round = -1; round < (isQuick ? 1 : rounds); round++) {
    const bare = await measure(baselineTarget(baseline, request), theirs)
    const own = await measure(serviceTarget(service, request), ours)
    if (round >= 0) costs.push({ bare, own })
  }
  const middle = (of: 'bare' | 'own', figure: 'rate' | 'p50' | 'p99' | 'cpu') =>
    median(costs.map((cost) => cost[of][figure])).toFixed(0)
  const rate = (of: 'bare' | 'own') => `${middle(of, 'rate')} (${middle(of, 'cpu')})`
  const ratio = median(costs.map(({ bare, own }) => own.rate / bare.rate)).toFixed(2)
  return [request.name, rate('own'), middle('own', 'p50'), middle('own', 'p99'), rate('bare'), `**${ratio}**`]
}
