/**
 * Drives a server by autocannon, in a process of its own: it shares no event loop with the one that reads the runtime's
 * log.
 */
import autocannon from 'autocannon'

/** One request for each connection, sent again and again. */
export interface Drive {
  readonly url: string
  readonly seconds: number
  readonly requests: readonly Sent[]
  /** Whether an answer's `refresh_token` goes into the next request of its connection. */
  readonly isRefresh: boolean
}

export interface Sent {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** The result. Latencies are whole milliseconds. */
export interface Driven {
  readonly count: number
  /** Answers in a second. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
  /** How often each status of 300 or more was answered; connections that failed count as 0. */
  readonly failures: Readonly<Record<number, number>>
  /** The last refresh token of each connection. */
  readonly tokens: readonly string[]
}

async function drive({ url, seconds, requests, isRefresh }: Drive): Promise<Driven> {
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
          ...(isRefresh
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

process.once('message', async (order) => {
  process.send?.(await drive(order as Drive))
  process.disconnect()
})
