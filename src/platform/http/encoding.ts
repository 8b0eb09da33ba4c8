import type { MiddlewareHandler } from 'hono'
import { unreadable } from './problem.ts'
import type { AppEnv } from './router.ts'

/** Refuses JSON that is not UTF-8 (RFC 8259, section 8.1), which would else be read with some of its characters replaced. */
export const wellEncoded: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (/^application\/([\w.-]+\+)?json\b/i.test(c.req.header('Content-Type') ?? '')) {
    // Read once: what reads the body after this gets these bytes, and JSON is parsed from this text.
    const bytes = await c.req.arrayBuffer()
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
      Object.assign(c.req.bodyCache, { text: Promise.resolve(text) })
    } catch {
      throw unreadable()
    }
  }
  await next()
}
