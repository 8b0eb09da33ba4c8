import { z } from 'zod'
import { CommandError, innermost } from '../command.ts'
import { remedyFor } from './remedies.ts'

/** Cloudflare's API refused, with its code. */
export class RefusedError extends CommandError {
  readonly code: number | undefined
  constructor(requested: string, status: number, code: number | undefined, message: string) {
    super(
      [`Cloudflare refused (${requested}): ${message} [code: ${code ?? status}]`, remedyFor(code)]
        .filter(Boolean)
        .join('\n'),
    )
    this.code = code
  }
}

const answerSchema = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown(),
  result_info: z.object({ total_pages: z.number().optional() }).nullish(),
})

const tries = 3
const deadlineMs = 30_000
const pageSize = 50 // the most that every list takes

/** Cloudflare's API, as somebody. Each function gives what a shape takes, and throws RefusedError. */
export type Cloudflare = ReturnType<typeof cloudflare>

/** Who speaks: a token, or an account's older e-mail and key. */
export type Credentials =
  | { readonly type: 'api_token' | 'oauth'; readonly token: string }
  | { readonly type: 'api_key'; readonly key: string; readonly email: string }

const headersOf = (who: Credentials) => ({
  'Content-Type': 'application/json',
  ...(who.type === 'api_key'
    ? { 'X-Auth-Key': who.key, 'X-Auth-Email': who.email }
    : { Authorization: `Bearer ${who.token}` }),
})

/**
 * Speaks to Cloudflare's API, or to what `CLOUDFLARE_API_BASE_URL` names, as wrangler does. `within` begins each path.
 */
export function cloudflare(who: Credentials, within = '') {
  const base = baseUrl()
  const ask = async (method: string, path: string, body?: unknown) => {
    for (let n = 1; ; n++) {
      try {
        return await first(method, path, body)
      } catch (error) {
        // Only what may be asked twice is; what was refused will be refused again.
        if (method !== 'GET' || n === tries || (error instanceof RefusedError && error.code !== undefined)) throw error
        await new Promise((done) => setTimeout(done, 500 * n))
      }
    }
  }
  const first = async (method: string, path: string, body: unknown) => {
    const answer = await fetch(`${base}${within}${path}`, {
      method,
      headers: headersOf(who),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(deadlineMs),
    }).catch((error: unknown) => {
      throw new CommandError(`Cloudflare cannot be reached (${new URL(base).host}): ${innermost(error)}`)
    })
    const { data } = answerSchema.safeParse(await answer.json().catch(() => undefined))
    if (data?.success) return data
    const none = `an answer that is none, with status ${answer.status}`
    const { code, message } = data?.errors[0] ?? { code: undefined, message: data ? 'no reason given' : none }
    throw new RefusedError(`${method} ${within}${path.replace(/\?.*/, '')}`, answer.status, code, message)
  }
  const get = async <Shape extends z.ZodType>(path: string, shape: Shape) =>
    shape.parse((await ask('GET', path)).result)
  const send = async <Shape extends z.ZodType>(method: 'POST' | 'PUT', path: string, body: unknown, shape: Shape) =>
    shape.parse((await ask(method, path, body)).result)
  /** A list, whole. */
  const list = async <Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.infer<Shape>[]> => {
    const all: z.infer<Shape>[] = []
    for (let page = 1; ; page++) {
      const { result, result_info } = await ask('GET', `${path}?page=${page}&per_page=${pageSize}`)
      const some = z.array(shape).parse(result)
      all.push(...some)
      const pages = result_info?.total_pages
      if (pages === undefined ? some.length < pageSize : page >= pages) return all
    }
  }
  return { who, get, send, list }
}

const baseUrl = () => (process.env.CLOUDFLARE_API_BASE_URL || 'https://api.cloudflare.com/client/v4').replace(/\/$/, '')
