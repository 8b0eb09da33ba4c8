import { z } from 'zod'
import { randomToken } from '../crypto/keys.ts'
import { Problem } from '../http/problem.ts'
import { describeError } from '../safe-errors.ts'
import { withTimeout } from '../timeout.ts'
import { type Picture, type PictureType, pictureTypes } from './image.ts'

/** KV stores only small pictures, because each is read completely for every viewer. */
const maxBytes = 512 * 1024
const deadlineMs = 5000

const foundSchema = z.object({
  value: z.instanceof(ArrayBuffer).nullable(),
  metadata: z.object({ type: z.enum(pictureTypes) }).nullable(),
})

const nameOf = (key: string): string => `avatar:${key}`

/** Creates a random key: whoever has it can see the picture. */
export const freshKey = (): string => randomToken()

/** Whether a picture is small enough for KV: 512 KB. */
export const isSmall = ({ bytes }: Picture): boolean => bytes.length <= maxBytes

/**
 * Refuses a picture that is too large for KV.
 * @throws Problem 413 `too-large`
 */
export function requireSmall(picture: Picture): void {
  if (isSmall(picture)) return
  throw new Problem(
    413,
    'too-large',
    'This picture is larger than 512 KB: make it smaller, 500 × 500 pixels are plenty.',
  )
}

/**
 * Stores a picture in KV until it is deleted.
 * @throws Problem 503 `avatar-store-unavailable`
 */
export async function storeLocally(kv: KVNamespace, key: string, { type, bytes }: Picture): Promise<void> {
  await callKv('write', () => kv.put(nameOf(key), bytes, { metadata: { type } }))
}

/**
 * Reads a picture from KV, with its type; undefined if there is none.
 * @throws Problem 503 `avatar-store-unavailable`
 */
export async function findLocally(
  kv: KVNamespace,
  key: string,
): Promise<{ type: PictureType; bytes: ArrayBuffer } | undefined> {
  const { value, metadata } = await callKv('read', async () =>
    foundSchema.parse(await kv.getWithMetadata(nameOf(key), 'arrayBuffer')),
  )
  return value && metadata ? { type: metadata.type, bytes: value } : undefined
}

/** Deletes a picture from KV. Throws any error of KV. */
export async function removeLocally(kv: KVNamespace, key: string): Promise<void> {
  await withTimeout('KV', deadlineMs, () => kv.delete(nameOf(key)))
}

async function callKv<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout('KV', deadlineMs, async () => ask())
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', pictures: what, error: describeError(error) }))
    throw storeUnavailable()
  }
}

/** 503 for a store of pictures that does not answer, or not correctly. */
export const storeUnavailable = (): Problem =>
  new Problem(503, 'avatar-store-unavailable', 'Pictures cannot be stored or shown right now: try again soon.', {
    headers: { 'Retry-After': '1' },
  })
