import type { RouteConfig } from '@hono/zod-openapi'
import type { Context, HonoRequest, MiddlewareHandler } from 'hono'
import { truncate } from '../text/truncate.ts'
import type { AppEnv } from './context.ts'
import { parseMediaType } from './media-type.ts'
import { readForm } from './multipart.ts'
import { invalidValues, Problem, unreadableBody, unsupportedMediaType } from './problem.ts'

/**
 * Reads the whole body; Hono caches it for later readers.
 * @throws Problem 400 `unreadable-body` if the client breaks it off
 */
export async function readBody({ req }: { readonly req: Pick<HonoRequest, 'arrayBuffer'> }): Promise<ArrayBuffer> {
  try {
    return await req.arrayBuffer()
  } catch {
    throw unreadableBody('all of it')
  }
}

/**
 * Reads the body as JSON, on routes without a validator.
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
 * Accepts bodies of the media types that a route documents. Refuses others, and the absence of a required body.
 * zod-openapi alone would treat every `…+json` as JSON, accept one kind of form in place of the other, and treat a
 * missing body as an empty object. An empty body counts as missing, whatever Content-Type says.
 */
export function documentedMedia({ request, ...route }: RouteConfig): MiddlewareHandler<AppEnv>[] {
  if (!request?.body) return []
  const { content, required = 'x-requires-body' in route } = request.body
  return [acceptBody(Object.keys(content), required)]
}

/**
 * Prepares a body for the validators: its media type without parameters, JSON as text, a multipart form parsed.
 * @throws Problem 400 `unreadable-body`, 415 `unsupported-media-type`, 422 `invalid-values` if there is no body and it
 * is `required`
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
    // The charset parameter of a text is left to the reader.
    if (!media.type.startsWith('text/')) setMediaType(c, media.type)
    if (/[/+]json$/.test(media.type)) cacheBody(c, { text: decodeUtf8(bytes) })
    if (media.type === 'multipart/form-data') cacheBody(c, { formData: readForm(bytes, media.parameters.boundary) })
    return next()
  }
}

const forms = ['application/x-www-form-urlencoded', 'multipart/form-data']

/**
 * The same for a page's form: a body that is not a form counts as an empty form, so that the page is shown again.
 * @throws Problem 400 `unreadable-body`, 415 `unsupported-media-type` if it is compressed
 */
export const acceptForm: MiddlewareHandler<AppEnv> = async (c, next) => {
  const media = parseMediaType(c.req.header('Content-Type'))
  if (media && forms.includes(media.type)) return acceptBody(forms)(c, next)
  setMediaType(c, undefined)
  return next()
}

/** Adds to a 415 for a PATCH the media types that the route accepts (RFC 5789, section 2.2). */
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

/** Refuses a compressed body (RFC 9110, section 8.4): the service decompresses nothing that a stranger sends. */
function refuseCoding(header = ''): void {
  const coding = header.split(',').find((one) => !/^\s*(identity\s*)?$/i.test(one))
  if (coding === undefined) return
  const detail = `The body is encoded (Content-Encoding: ${truncate(coding.trim(), 100)}): send it as it is.`
  // RFC 7694, section 3.
  throw new Problem(415, 'unsupported-media-type', detail, { headers: { 'Accept-Encoding': 'identity' } })
}

/** Decodes JSON, which must be UTF-8 (RFC 8259, section 8.1). A lenient decoder would replace invalid bytes. */
function decodeUtf8(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw unreadableBody()
  }
}

/** What Hono's validators read in place of the body. */
function cacheBody(c: Context<AppEnv>, body: { text: string } | { formData: FormData }): void {
  const [[kind, value] = []] = Object.entries(body)
  if (kind !== undefined) Object.assign(c.req.bodyCache, { [kind]: Promise.resolve(value) })
}

/** Sets the Content-Type for the validators, whose patterns know few spellings. The body is in Hono's cache. */
function setMediaType(c: Context<AppEnv>, type: string | undefined): void {
  if (c.req.header('Content-Type') === type) return
  const { url, method, headers: sent } = c.req.raw
  const headers = new Headers(sent)
  if (type === undefined) headers.delete('Content-Type')
  else headers.set('Content-Type', type)
  c.req.raw = new Request(url, { method, headers })
}
