import { sha1 } from '@noble/hashes/legacy.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { z } from 'zod'
import type { Configuration } from '../config/configuration.ts'
import { invalidValues } from '../http/problem.ts'
import { describeError } from '../safe-errors.ts'
import { truncate } from '../text/truncate.ts'
import { deliveryUrl } from './delivery.ts'
import type { Picture } from './image.ts'
import { storeUnavailable } from './local.ts'
import type { Reference } from './reference.ts'

/** Long enough for five megabytes on a slow connection, short enough for a person who waits. */
const deadlineMs = 10_000

/** A person who downloads a vCard waits for its picture. */
const downloadMs = 5000

/** The Cloudinary account for pictures, and its unsigned preset. */
interface Cloud {
  readonly name: string
  readonly preset: string
  readonly url: string
}

/** Returns the Cloudinary account of this deployment; undefined if pictures are stored in KV. */
export function cloudinaryOf(config: Configuration): Cloud | undefined {
  const { CLOUDINARY_CLOUD_NAME: name, CLOUDINARY_UPLOAD_PRESET: preset, CLOUDINARY_API_URL: url } = config
  return name === undefined || preset === undefined ? undefined : { name, preset, url }
}

/** The parts of Cloudinary's response to an upload that are used. */
const uploadedSchema = z.object({
  public_id: z
    .string()
    .min(1)
    .max(255)
    // No name has half a surrogate pair, and libSQL fails on it.
    .refine((name) => name.isWellFormed()),
  version: z.int().positive(),
})
const refusedSchema = z.object({ error: z.object({ message: z.string() }) })
const destroyedSchema = z.object({ result: z.enum(['ok', 'not found']) })

const extensions = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'image/gif': 'gif' } as const

/**
 * Uploads a picture with the unsigned preset. It cannot overwrite another, because Cloudinary chooses its name.
 * @throws Problem 422 with Cloudinary's message if it refuses the picture; 503 `avatar-store-unavailable` if it is
 * late, fails, returns an invalid response, or refuses our configuration
 */
export async function upload(cloud: Cloud, { type, bytes }: Picture): Promise<Reference & { store: 'cloudinary' }> {
  const form = new FormData()
  form.set('upload_preset', cloud.preset)
  form.set('file', new File([bytes], `avatar.${extensions[type]}`, { type }))
  const { status, answer, error } = await post(`${cloud.url}/v1_1/${cloud.name}/image/upload`, form)
  const uploaded = uploadedSchema.safeParse(answer)
  if (status === 200 && uploaded.success) {
    const { public_id: publicId, version } = uploaded.data
    return { store: 'cloudinary', cloud: cloud.name, publicId, version }
  }
  const refused = refusedSchema.safeParse(answer)
  const words = refused.success ? plain(refused.data.error.message) : error
  // Too many requests (420, 429), a wrong account or preset: another picture would not help.
  if (status === 400 && refused.success && !/preset/i.test(words)) {
    throw invalidValues([
      { pointer: '/file', detail: `This picture was refused: ${words.replace(/\.$/, '')}. Try another one.` },
    ])
  }
  console.error(JSON.stringify({ level: 'error', cloudinary: 'upload', status, error: words }))
  throw storeUnavailable()
}

/** More than any picture of 400 by 400 needs. */
const maxDownload = 1_000_000

/**
 * Downloads a picture as a JPEG of 400 by 400; phones show no larger ones. Null if Cloudinary no longer has it.
 * @throws Problem 503 `avatar-store-unavailable`
 */
export async function download(
  config: Configuration,
  reference: Reference & { store: 'cloudinary' },
): Promise<{ readonly mediaType: string; readonly octets: Uint8Array } | null> {
  try {
    const signal = AbortSignal.timeout(downloadMs)
    const response = await fetch(deliveryUrl(config, reference, 'w_400,h_400,f_jpg'), { signal, redirect: 'manual' })
    const octets = new Uint8Array(await response.arrayBuffer())
    if (response.status === 404) return null
    const mediaType = response.headers.get('Content-Type') ?? ''
    if (response.status === 200 && /^image\/jpeg\b/.test(mediaType) && octets.length <= maxDownload)
      return { mediaType: 'image/jpeg', octets }
    console.error(JSON.stringify({ level: 'error', cloudinary: 'download', status: response.status }))
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', cloudinary: 'download', error: describeError(error) }))
  }
  throw storeUnavailable()
}

/**
 * Deletes a picture with a signed call, if a key for its account is configured; otherwise it stays there.
 * @throws NotRemoved if Cloudinary does not confirm the deletion
 */
export async function destroy(
  config: Configuration,
  { cloud, publicId }: Reference & { store: 'cloudinary' },
): Promise<void> {
  const { CLOUDINARY_CLOUD_NAME, CLOUDINARY_API_KEY, CLOUDINARY_API_SECRET, CLOUDINARY_API_URL } = config
  if (cloud !== CLOUDINARY_CLOUD_NAME || !CLOUDINARY_API_KEY || !CLOUDINARY_API_SECRET) return
  // `invalidate` also deletes copies in Cloudinary's CDN.
  const signed = { invalidate: 'true', public_id: publicId, timestamp: String(Math.floor(Date.now() / 1000)) }
  const form = new FormData()
  for (const [name, value] of Object.entries(signed)) form.set(name, value)
  form.set('api_key', CLOUDINARY_API_KEY)
  form.set('signature', signatureOf(signed, CLOUDINARY_API_SECRET))
  const { status, answer, error } = await post(`${CLOUDINARY_API_URL}/v1_1/${cloud}/image/destroy`, form)
  if (status === 200 && destroyedSchema.safeParse(answer).success) return
  const refused = refusedSchema.safeParse(answer)
  throw new NotRemoved(`${status} ${refused.success ? plain(refused.data.error.message) : error}`)
}

class NotRemoved extends Error {
  constructor(words: string) {
    super(`Cloudinary did not remove a picture: ${words}`)
    this.name = 'NotRemoved'
  }
}

/** The signature of Cloudinary's API: SHA-1 of the sorted parameters and the secret. */
function signatureOf(parameters: Readonly<Record<string, string>>, secret: string): string {
  const text = Object.entries(parameters)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  return bytesToHex(sha1(utf8ToBytes(text + secret)))
}

/** Removes control characters from a message of Cloudinary's and shortens it, so that it can be shown. */
const plain = (words: string): string => truncate(words.replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' '), 200)

/** Sends a form; status 0 if no readable response came back. */
async function post(url: string, body: FormData): Promise<{ status: number; answer: unknown; error: string }> {
  try {
    // Also aborts reading the response.
    const signal = AbortSignal.timeout(deadlineMs)
    const response = await fetch(url, { method: 'POST', body, signal, redirect: 'manual' })
    const text = await response.text()
    try {
      return { status: response.status, answer: JSON.parse(text), error: '' }
    } catch {
      return { status: response.status, answer: undefined, error: 'The answer is no JSON.' }
    }
  } catch (error) {
    return { status: 0, answer: undefined, error: describeError(error) }
  }
}
