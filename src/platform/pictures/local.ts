import { z } from 'zod'
import { randomToken } from '../crypto/keys.ts'
import { Problem } from '../http/problem.ts'
import { describeError } from '../safe-errors.ts'
import { withTimeout } from '../timeout.ts'
import { type Picture, type PictureType, pictureTypes } from './image.ts'

/** The embedded store keeps small pictures only: it is read whole for whoever looks at one. */
const maxBytes = 512 * 1024
const deadlineMs = 5000

const foundSchema = z.object({
  value: z.instanceof(ArrayBuffer).nullable(),
  metadata: z.object({ type: z.enum(pictureTypes) }).nullable(),
})

const nameOf = (key: string): string => `avatar:${key}`

/** A key that nobody can guess: whoever has it sees the picture. */
export const freshKey = (): string => randomToken()

/**
 * Refuses what is too large for the embedded store.
 * @throws Problem 413 `too-large`
 */
export function requireSmall(picture: Picture): void {
  if (picture.bytes.length <= maxBytes) return
  throw new Problem(
    413,
    'too-large',
    'This picture is larger than 512 KB: make it smaller, 500 × 500 pixels are plenty.',
  )
}

/**
 * Keeps a picture in KV, for as long as it is not removed.
 * @throws Problem 503 `avatar-store-unavailable`
 */
export async function storeLocally(kv: KVNamespace, key: string, { type, bytes }: Picture): Promise<void> {
  await callKv('write', () => kv.put(nameOf(key), bytes, { metadata: { type } }))
}

/**
 * A picture that is kept in KV, with its type; undefined when there is none.
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

/** Removes a picture from KV. Throws whatever KV does. */
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

/** 503 for a store of pictures that does not answer, or not as it should. */
export const storeUnavailable = (): Problem =>
  new Problem(503, 'avatar-store-unavailable', 'Pictures cannot be kept or shown at this moment: try again soon.', {
    headers: { 'Retry-After': '1' },
  })
