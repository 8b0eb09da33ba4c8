import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { setMetric } from 'hono/timing'
import type { AppEnv } from './context.ts'
import { Timings } from './timings.ts'

/** Gives each request its {@link Timings}, sets Server-Timing, and writes one structured log line. */
export const requestLog: MiddlewareHandler<AppEnv> = async (c, next) => {
  const clock = new Timings()
  c.set('clock', clock)
  // Not `c.var`, which Hono creates at each access.
  const requestId = c.get('requestId')
  const start = performance.now()
  await next()
  c.res.headers.set('X-Request-Id', requestId)
  for (const [part, ms, note] of clock) setMetric(c, part, ms, note)
  console.log(
    JSON.stringify({
      request_id: requestId,
      method: c.req.method,
      // The pattern, never the path, because paths may contain tokens.
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round(performance.now() - start),
      ...Object.fromEntries([...clock].map(([part, ms]) => [`${part}_ms`, Math.round(ms)])),
    }),
  )
}
