import type { RouteConfig } from '@hono/zod-openapi'
import type { Context, HonoRequest, MiddlewareHandler } from 'hono'
import { truncate } from '../text/truncate.ts'
import type { AppEnv } from './context.ts'
import { parseMediaType } from './media-type.ts'
import { readForm } from './multipart.ts'
import { invalidValues, Problem, unreadableBody, unsupportedMediaType } from './problem.ts'

/**
 * Reads the body whole; Hono keeps it for whatever reads it next.
 * @throws Problem 400 `unreadable-body` where the client breaks it off
 */
export async function readBody({ req }: { readonly req: Pick<HonoRequest, 'arrayBuffer'> }): Promise<ArrayBuffer> {
  try {
    return await req.arrayBuffer()
  } catch {
    throw unreadableBody('all of it')
  }
}

/**
 * Reads the body as JSON, where no validator does.
 * @throws Problem 400 `unreadable-body`
 */
export async function readJson(request: Pick<HonoRequest, 'json'>): Promise<unknown> {
  try {
    return await request.json()
  } catch {
    throw unreadableBody()
  }
}

/**
 * Takes a body of the media types that a route documents, and refuses others, and the lack of a body that it needs:
 * zod-openapi takes every `…+json` for JSON, every form for each other, and no body at all for an empty object. No
 * bytes are no body, whatever Content-Type says of them.
 */
export function documentedMedia({ request, ...route }: RouteConfig): MiddlewareHandler<AppEnv>[] {
  if (!request?.body) return []
  const { content, required = 'x-requires-body' in route } = request.body
  return [acceptBody(Object.keys(content), required)]
}

/**
 * Makes a body ready for the validators: its media type without parameters, JSON as text, a multipart form read.
 * @throws Problem 400 `unreadable-body`, 415 `unsupported-media-type`, 422 `invalid-values` where a body is `required`
 */
export function acceptBody(types: readonly string[], required = false): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const bytes = await readBody(c)
    if (bytes.byteLength === 0) {
      if (required) throw invalidValues([{ pointer: '', detail: `Send a body: ${types.join(' or ')}.` }])
      setMediaType(c, undefined)
      return next()
    }
    refuseCoding(c.req.header('Content-Encoding'))
    const media = parseMediaType(c.req.header('Content-Type'))
    if (!media || !types.includes(media.type)) throw unsupportedMediaType(types)
    // What the parameters of a text say of its charset is for whoever reads it.
    if (!media.type.startsWith('text/')) setMediaType(c, media.type)
    if (/[/+]json$/.test(media.type)) cacheBody(c, { text: decodeUtf8(bytes) })
    if (media.type === 'multipart/form-data') cacheBody(c, { formData: readForm(bytes, media.parameters.boundary) })
    return next()
  }
}

const forms = ['application/x-www-form-urlencoded', 'multipart/form-data']

/**
 * The same for a page's form: what is no form counts as an empty one, so that the page shows its own again.
 * @throws Problem 400 `unreadable-body`, 415 `unsupported-media-type` where it is compressed
 */
export const acceptForm: MiddlewareHandler<AppEnv> = async (c, next) => {
  const media = parseMediaType(c.req.header('Content-Type'))
  if (media && forms.includes(media.type)) return acceptBody(forms)(c, next)
  setMediaType(c, undefined)
  return next()
}

/** Says on a 415 to a PATCH which media types it takes (RFC 5789, section 2.2). */
export function acceptPatch({ method, request }: RouteConfig): MiddlewareHandler<AppEnv>[] {
  if (method !== 'patch' || !request?.body) return []
  const types = Object.keys(request.body.content).join(', ')
  return [
    async (c, next) => {
      await next()
      if (c.res.status === 415) c.res.headers.set('Accept-Patch', types)
    },
  ]
}

/** Refuses a body that is compressed (RFC 9110, section 8.4): nothing here unpacks what a stranger sends. */
function refuseCoding(header = ''): void {
  const coding = header.split(',').find((one) => !/^\s*(identity\s*)?$/i.test(one))
  if (coding === undefined) return
  const detail = `The body is encoded (Content-Encoding: ${truncate(coding.trim(), 100)}): send it as it is.`
  // RFC 7694, section 3.
  throw new Problem(415, 'unsupported-media-type', detail, { headers: { 'Accept-Encoding': 'identity' } })
}

/** JSON is UTF-8 (RFC 8259, section 8.1). Read leniently, some of its characters would be replaced. */
function decodeUtf8(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw unreadableBody()
  }
}

/** What Hono's validators read instead of the body. */
function cacheBody(c: Context<AppEnv>, body: { text: string } | { formData: FormData }): void {
  const [[kind, value] = []] = Object.entries(body)
  if (kind !== undefined) Object.assign(c.req.bodyCache, { [kind]: Promise.resolve(value) })
}

/**
 * Sets the Content-Type that the validators see, whose patterns know few ways to write one. The body is in Hono's
 * cache.
 */
function setMediaType(c: Context<AppEnv>, type: string | undefined): void {
  if (c.req.header('Content-Type') === type) return
  const { url, method, headers: sent } = c.req.raw
  const headers = new Headers(sent)
  if (type === undefined) headers.delete('Content-Type')
  else headers.set('Content-Type', type)
  c.req.raw = new Request(url, { method, headers })
}
