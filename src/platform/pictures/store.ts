import type { Configuration } from '../config/configuration.ts'
import { Problem } from '../http/problem.ts'
import type { Services } from '../ports.ts'
import { cloudinaryOf, destroy, download, upload } from './cloudinary.ts'
import { type DeletePicture, reservePicture, reservePictures } from './deletion-store.ts'
import type { Picture } from './image.ts'
import { findLocally, freshKey, isSmall, removeLocally, requireSmall, storeLocally, storeUnavailable } from './local.ts'
import { parseReference, serializeReference } from './reference.ts'

/** A stored picture that no row shows yet. */
export interface StoredPicture {
  readonly picture: string
  /** For the batch of the change that shows it: see `keepReservedStatement`. */
  readonly reservation: number
}

/**
 * Stores a picture at Cloudinary if configured, else in KV. Unless a row shows it soon, it is deleted again, whatever
 * goes wrong meanwhile.
 * @throws Problem 413 `too-large`, 422 if the store refuses it, 503 `avatar-store-unavailable`
 */
export async function storePicture(
  { db, config, kv, afterResponse }: Services,
  picture: Picture,
): Promise<StoredPicture> {
  const cloud = cloudinaryOf(config)
  if (!cloud) {
    requireSmall(picture)
    const key = freshKey()
    const name = serializeReference({ store: 'kv', key })
    const reservation = await reservePicture(db, name)
    await storeLocally(kv, key, picture)
    return { picture: name, reservation }
  }
  // Cloudinary chooses the name, so the reservation comes after the upload.
  const name = serializeReference(await upload(cloud, picture))
  try {
    return { picture: name, reservation: await reservePicture(db, name) }
  } catch (error) {
    afterResponse(() => createPictureDeleter(kv, config)(name))
    throw error
  }
}

/**
 * Stores several pictures, as {@link storePicture} does. In the result, undefined stands for a picture that is too
 * large or that the store refuses.
 * @throws Problem 503 `avatar-store-unavailable`
 */
export async function storePictures(
  services: Services,
  pictures: readonly Picture[],
): Promise<(StoredPicture | undefined)[]> {
  const { db, config, kv } = services
  if (cloudinaryOf(config)) return Promise.all(pictures.map((picture) => storeUnlessRefused(services, picture)))
  const names = pictures.map((picture) => (isSmall(picture) ? { key: freshKey(), picture } : undefined))
  const referenceOf = ({ key }: { readonly key: string }): string => serializeReference({ store: 'kv', key })
  const stored = names.filter((one) => one !== undefined)
  const reservations = await reservePictures(db, stored.map(referenceOf))
  await Promise.all(stored.map(({ key, picture }) => storeLocally(kv, key, picture)))
  return names.map((one) => {
    const reservation = one && reservations.get(referenceOf(one))
    return one && reservation !== undefined ? { picture: referenceOf(one), reservation } : undefined
  })
}

/** Stores a picture; undefined if it is too large or the store refuses it. */
export async function storeUnlessRefused(services: Services, picture: Picture): Promise<StoredPicture | undefined> {
  try {
    return await storePicture(services, picture)
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return undefined
    throw error
  }
}

/**
 * Reads a picture that a row shows. Null if Cloudinary no longer has it.
 * @throws Problem 503 `avatar-store-unavailable`, also if KV does not have it yet, which may take a minute
 */
export async function readStoredPicture(
  services: Pick<Services, 'kv' | 'config'>,
  picture: string,
): Promise<ReadPicture | null> {
  const found = await findStoredPicture(services, picture)
  if (!found && parseReference(picture)?.store === 'kv') throw storeUnavailable()
  return found
}

interface ReadPicture {
  readonly mediaType: string
  readonly octets: Uint8Array
}

/**
 * Finds a picture that a row shows. Null if the store does not have it, or not yet.
 * @throws Problem 503 `avatar-store-unavailable`
 */
export async function findStoredPicture(
  { kv, config }: Pick<Services, 'kv' | 'config'>,
  picture: string,
): Promise<ReadPicture | null> {
  const reference = parseReference(picture)
  if (!reference) return null
  if (reference.store === 'cloudinary') return download(config, reference)
  const found = await findLocally(kv, reference.key)
  return found ? { mediaType: found.type, octets: new Uint8Array(found.bytes) } : null
}

/**
 * Creates the function that deletes pictures from their store. A picture at Cloudinary stays if no key is configured
 * for its cloud.
 */
export function createPictureDeleter(kv: KVNamespace, config: Configuration): DeletePicture {
  return async (picture) => {
    const reference = parseReference(picture)
    if (reference?.store === 'kv') await removeLocally(kv, reference.key)
    if (reference?.store === 'cloudinary') await destroy(config, reference)
  }
}
