import { z } from 'zod'
import { CommandError, innermost } from '../command.ts'
import { RefusedError } from './remedies.ts'

const answerSchema = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown(),
  result_info: z.object({ total_pages: z.number().optional() }).nullish(),
})

const tries = 3
const deadlineMs = 30_000
const pageSize = 50 // The maximum of every list.

/** A client of Cloudflare's API. Each function parses the result with a schema, and throws RefusedError. */
export type Cloudflare = ReturnType<typeof cloudflare>

/** Makes a client of Cloudflare's API, or of `CLOUDFLARE_API_BASE_URL`, as wrangler does. `prefix` begins each path. */
export function cloudflare(token: string, prefix = '') {
  const base = (process.env.CLOUDFLARE_API_BASE_URL || 'https://api.cloudflare.com/client/v4').replace(/\/$/, '')
  const request = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${base}${prefix}${path}`, {
      ...{ method, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(deadlineMs),
    }).catch((error: unknown) => {
      throw new CommandError(`Cloudflare cannot be reached (${new URL(base).host}): ${innermost(error)}`)
    })
    const { data } = answerSchema.safeParse(await answer.json().catch(() => undefined))
    if (data?.success) return data
    const reason = data ? 'no reason given' : `an answer that is none, with status ${answer.status}`
    const { code, message } = data?.errors[0] ?? { code: undefined, message: reason }
    const requested = `${method} ${prefix}${path.replace(/\?.*/, '')}`
    throw new RefusedError(`Cloudflare refused (${requested}): ${message} [code: ${code ?? answer.status}]`, code)
  }
  /** Repeats a GET that failed without an error code of Cloudflare's. */
  const read = async (path: string, attempt = 1): ReturnType<typeof request> => {
    try {
      return await request('GET', path)
    } catch (error) {
      if (attempt === tries || (error instanceof RefusedError && error.code !== undefined)) throw error
      await new Promise((done) => setTimeout(done, 500 * attempt))
      return read(path, attempt + 1)
    }
  }
  return {
    get: async <Shape extends z.ZodType>(path: string, shape: Shape) => shape.parse((await read(path)).result),
    send: async <Shape extends z.ZodType>(method: 'POST' | 'PUT', path: string, body: unknown, shape: Shape) =>
      shape.parse((await request(method, path, body)).result),
    /** Reads all pages of a list. */
    async list<Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.infer<Shape>[]> {
      const all: z.infer<Shape>[] = []
      for (let page = 1; ; page++) {
        const { result, result_info } = await read(`${path}?page=${page}&per_page=${pageSize}`)
        const items = z.array(shape).parse(result)
        all.push(...items)
        const pages = result_info?.total_pages
        if (pages === undefined ? items.length < pageSize : page >= pages) return all
      }
    },
  }
}
