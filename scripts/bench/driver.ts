/**
 * A process that drives a server by autocannon, so that it shares no event loop with the one that reads the runtime's
 * log.
 */
import autocannon from 'autocannon'

/** What to send: one request for each connection, again and again. */
export interface Drive {
  readonly url: string
  readonly seconds: number
  readonly requests: readonly Sent[]
  /** Whether an answer's `refresh_token` goes into the next request of its connection. */
  readonly refreshing: boolean
}

export interface Sent {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What came of it. Latencies in milliseconds; autocannon counts them whole. */
export interface Driven {
  readonly count: number
  /** Answers in a second. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
  /** How often each status was answered, where it was no success, and connections that failed as 0. */
  readonly failures: Readonly<Record<number, number>>
  /** The refresh token that each connection holds in the end. */
  readonly tokens: readonly string[]
}

async function drive({ url, seconds, requests, refreshing }: Drive): Promise<Driven> {
  let next = 0
  const failures: Record<number, number> = {}
  const tokens: string[] = []
  const result = await autocannon({
    url,
    connections: requests.length,
    duration: seconds,
    setupClient: (client) => {
      const at = next++ % requests.length
      const { headers, ...sent } = requests[at] as Sent
      let body = sent.body
      client.setRequests([
        {
          ...sent,
          headers: { ...headers },
          ...(refreshing
            ? {
                setupRequest: (request: object) => ({ ...request, body }),
                onResponse: (_status: number, answer: string) => {
                  const { refresh_token } = JSON.parse(answer) as { refresh_token?: string }
                  if (refresh_token === undefined) return
                  tokens[at] = refresh_token
                  body = JSON.stringify({ refresh_token })
                },
              }
            : {}),
        },
      ])
      client.on('response', (status) => {
        if (status >= 300) failures[status] = (failures[status] ?? 0) + 1
      })
    },
  })
  if (result.errors > 0) failures[0] = result.errors
  const { p50, p99 } = result.latency
  return { count: result.requests.total, rate: result.requests.total / result.duration, p50, p99, failures, tokens }
}

process.once('message', async (requested) => {
  process.send?.(await drive(requested as Drive))
  process.disconnect()
})
