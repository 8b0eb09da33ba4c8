import type { RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { invalid, unsupported } from './problem.ts'
import type { AppEnv } from './router.ts'

/**
 * Refuses a body of a media type that a route does not document, and the lack of a body that it needs: zod-openapi takes every
 * `…+json` for JSON, every form for each other, and no body at all for an empty object.
 */
export function documentedMedia({ request, ...route }: RouteConfig): MiddlewareHandler<AppEnv>[] {
  if (!request?.body) return []
  const { content, required = 'x-requires-body' in route } = request.body
  const types = Object.keys(content)
  return [
    async (c, next) => {
      const type = (c.req.header('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase()
      if (type && !types.includes(type)) throw unsupported()
      if (!type && required) {
        const { byteLength } = await c.req.arrayBuffer()
        throw byteLength > 0 ? unsupported() : invalid([{ pointer: '', detail: `Send a body: ${types.join(' or ')}.` }])
      }
      await next()
    },
  ]
}
