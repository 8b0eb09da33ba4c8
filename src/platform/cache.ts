import type { z } from 'zod'
import { describeError } from './safe-errors.ts'
import { withTimeout } from './timeout.ts'

const ttlSeconds = 86_400
/** Enough for the people of one isolate's hour, little enough for its memory. */
const maxInMemory = 1000

/** Who must not be kept waiting, and what may go on after the answer. */
export interface BackgroundWork {
  waitUntil(work: Promise<unknown>): void
}

/**
 * What an isolate and KV remember. Nothing here says whether it is still true: whoever reads it asks a gate in parallel
 * and compares revisions.
 */
export class Cache<T> {
  readonly #memory = new Map<string, T>()
  readonly #schema: z.ZodType<T>

  constructor(schema: z.ZodType<T>) {
    this.#schema = schema
  }

  /** This isolate's copy. */
  getLocal(key: string): T | undefined {
    return this.#memory.get(key)
  }

  /** KV's copy; undefined when there is none, or KV takes longer than `deadlineMs`, fails, or holds something else. */
  async fetch(kv: KVNamespace, key: string, deadlineMs: number): Promise<T | undefined> {
    try {
      const copy = await withTimeout('KV', deadlineMs, () => kv.get(key, 'json'))
      return this.#schema.safeParse(copy).data
    } catch (error) {
      console.warn(JSON.stringify({ level: 'warn', cache: 'read', error: describeError(error) }))
      return undefined
    }
  }

  /** Keeps a copy in this isolate. */
  putLocal(key: string, value: T): void {
    this.#memory.delete(key)
    this.#memory.set(key, value)
    const oldest = this.#memory.keys().next().value
    if (this.#memory.size > maxInMemory && oldest !== undefined) this.#memory.delete(oldest)
  }

  /** Keeps a copy here and, after the answer, in KV. That KV fails is harmless: the next miss writes again. */
  put(kv: KVNamespace, key: string, value: T, later: BackgroundWork): void {
    this.putLocal(key, value)
    later.waitUntil(
      (async () => {
        try {
          await kv.put(key, JSON.stringify(value), { expirationTtl: ttlSeconds })
        } catch (error) {
          console.warn(JSON.stringify({ level: 'warn', cache: 'write', error: describeError(error) }))
        }
      })(),
    )
  }

  /** Forgets this isolate's copies. */
  clear(): void {
    this.#memory.clear()
  }
}
