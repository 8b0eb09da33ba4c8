import autocannon from 'autocannon'
import { median, table } from './figures.ts'
import type { Person } from './population.ts'
import { cpuMicroseconds } from './processes.ts'
import { type Measured, measured } from './requests.ts'
import { build, type Service, withService } from './runtime.ts'

const connections = 32
const rounds = 7

/** What the service did in one round. Latencies are whole milliseconds. */
interface Cost {
  readonly count: number
  /** Answers in a second. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
  /** The processor's time that the runtime spent on each request, in microseconds. */
  readonly cpu: number
}

/**
 * Drives the service by autocannon for some seconds, each connection as another person who sends the same request again
 * and again. A refresh sends what the one before it was answered.
 * @throws Error on any answer but a success
 */
export async function drive(
  { url, pid }: Pick<Service, 'url' | 'pid'>,
  { method, path, body, isRefresh }: Measured,
  people: readonly Person[],
  seconds: number,
): Promise<Cost> {
  const failures: Record<number, number> = {}
  let next = 0
  const before = cpuMicroseconds(pid)
  const result = await autocannon({
    url,
    connections: people.length,
    duration: seconds,
    setupClient: (client) => {
      const person = people[next++ % people.length] as Person
      const headers = {
        ...(isRefresh ? {} : { Authorization: `Bearer ${person.accessToken}` }),
        ...(body ? { 'Content-Type': 'application/json' } : {}),
      }
      const text = () => (body ? { body: JSON.stringify(body(person)) } : {})
      client.setRequests([
        {
          ...{ method, path: path(person), headers, ...text() },
          ...(isRefresh && {
            setupRequest: (request: object) => ({ ...request, ...text() }),
            onResponse: (_status: number, answer: string) => {
              person.refreshToken =
                (JSON.parse(answer) as { refresh_token?: string }).refresh_token ?? person.refreshToken
            },
          }),
        },
      ])
      client.on('response', (status) => {
        if (status >= 300) failures[status] = (failures[status] ?? 0) + 1
      })
    },
  })
  if (result.errors > 0) failures[0] = result.errors // connections that failed
  if (Object.keys(failures).length > 0) throw new Error(`${method} was answered ${JSON.stringify(failures)}.`)
  const count = result['2xx']
  const { p50, p99 } = result.latency
  return { count, rate: count / result.duration, p50, p99, cpu: (cpuMicroseconds(pid) - before) / count }
}

/** How many requests the service answers in a second, and how soon. */
export async function load(isQuick: boolean): Promise<string> {
  const books = Array.from({ length: connections }, () => (isQuick ? 100 : 1000))
  return withService({ bundle: await build(), books }, async (service, people) => {
    const rows: string[][] = []
    for (const request of measured) {
      const costs: Cost[] = []
      // The first round warms: all is compiled, every gate is awake and every account is cached.
      for (let round = -1; round < (isQuick ? 1 : rounds); round++) {
        const cost = await drive(service, request, people, isQuick ? 2 : 2.5)
        if (round >= 0) costs.push(cost)
      }
      const middle = (figure: keyof Cost) => median(costs.map((cost) => cost[figure])).toFixed(0)
      rows.push([request.name, middle('rate'), middle('p50'), middle('p99'), middle('cpu')])
    }
    return [
      `${connections} connections, medians of ${isQuick ? 1 : rounds} rounds.`,
      table(['', 'Requests a second', 'p50, ms', 'p99, ms', 'Processor’s time of the runtime, µs a request'], rows),
    ].join('\n\n')
  })
}
