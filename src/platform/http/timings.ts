import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { setMetric } from 'hono/timing'
import type { AppEnv } from './router.ts'

/** Adds up what a request spends waiting, by part (`db`, later `gate` and `cache`), for Server-Timing. */
export class Timings {
  readonly #spent = new Map<string, { ms: number; note?: string }>()

  /** Times `go`; several of one name add up. In production time passes only during I/O, which is what this measures. */
  async time<T>(part: string, go: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await go()
    } finally {
      this.add(part, performance.now() - start)
    }
  }

  /** Adds milliseconds to a part; `note` becomes its description. */
  add(part: string, ms: number, note?: string): void {
    const before = this.#spent.get(part)
    const said = note ?? before?.note
    this.#spent.set(part, { ms: (before?.ms ?? 0) + ms, ...(said === undefined ? {} : { note: said }) })
  }

  /** Each part with its milliseconds. */
  *[Symbol.iterator](): Generator<[part: string, ms: number, note: string | undefined]> {
    for (const [part, { ms, note }] of this.#spent) yield [part, ms, note]
  }
}

/** Gives each request its {@link Timings}, tells Server-Timing what it measured, and writes one structured log line. */
export const requestLog: MiddlewareHandler<AppEnv> = async (c, next) => {
  const clock = new Timings()
  c.set('clock', clock)
  // Not `c.var`, which is made anew each time it is read.
  const requestId = c.get('requestId')
  const start = performance.now()
  await next()
  c.res.headers.set('X-Request-Id', requestId)
  for (const [part, ms, note] of clock) setMetric(c, part, ms, note)
  console.log(
    JSON.stringify({
      request_id: requestId,
      method: c.req.method,
      // The pattern, never the path: tokens lie in paths.
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round(performance.now() - start),
      ...Object.fromEntries([...clock].map(([part, ms]) => [`${part}_ms`, Math.round(ms)])),
    }),
  )
}
