import type { z } from 'zod'
import { describeError } from './safe-errors.ts'
import { withTimeout } from './timeout.ts'

const ttlSeconds = 86_400
/** Enough for the users of one isolate in an hour, and small enough for its memory. */
const maxInMemory = 1000

/** Work that may go on after the response. */
export interface BackgroundWork {
  waitUntil(work: Promise<unknown>): void
}

/**
 * A cache in the isolate's memory and in KV. Entries may be stale: readers ask a gate in parallel, and compare
 * revisions.
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

  /**
   * Reads KV's copy; undefined if there is none, or KV takes longer than `deadlineMs`, fails, or has something else.
   */
  async fetch(kv: KVNamespace, key: string, deadlineMs: number): Promise<T | undefined> {
    try {
      const copy = await withTimeout('KV', deadlineMs, () => kv.get(key, 'json'))
      return this.#schema.safeParse(copy).data
    } catch (error) {
      console.warn(JSON.stringify({ level: 'warn', cache: 'read', error: describeError(error) }))
      return undefined
    }
  }

  /** Stores a copy in this isolate. */
  putLocal(key: string, value: T): void {
    this.#memory.delete(key)
    this.#memory.set(key, value)
    const oldest = this.#memory.keys().next().value
    if (this.#memory.size > maxInMemory && oldest !== undefined) this.#memory.delete(oldest)
  }

  /**
   * Stores a copy in this isolate and, after the response, in KV. A failure of KV is harmless: the next miss writes
   * again.
   */
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

  /** Deletes this isolate's copies. */
  clear(): void {
    this.#memory.clear()
  }
}
