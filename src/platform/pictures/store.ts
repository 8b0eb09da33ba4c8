import type { Bindings, Configuration } from '../../env.ts'
import { afterResponse } from '../http/after-response.ts'
import type { RequestContext } from '../http/router.ts'
import { cloudinaryOf, destroy, upload } from './cloudinary.ts'
import { type DeletePicture, reservePicture } from './deletions.ts'
import type { Picture } from './image.ts'
import { freshKey, removeLocally, requireSmall, storeLocally } from './local.ts'
import { parseReference, serializeReference } from './reference.ts'

/** A picture that is kept, but that no row shows yet. */
export interface StoredPicture {
  readonly picture: string
  /** For the batch of the change that shows it: see `adopted`. */
  readonly reservation: number
}

/**
 * Keeps a picture where this deployment does: at Cloudinary where that is configured, else in KV. Whatever goes wrong afterwards,
 * it is removed again unless a row comes to show it.
 * @throws Problem 413 `too-large`, 422 where the store refuses it, 503 `avatar-store-unavailable`
 */
export async function storePicture(c: RequestContext, picture: Picture): Promise<StoredPicture> {
  const { db, config } = c.var
  const cloud = cloudinaryOf(config)
  if (!cloud) {
    requireSmall(picture)
    const key = freshKey()
    const name = serializeReference({ store: 'kv', key })
    const reservation = await reservePicture(db, name)
    await storeLocally(c.env.CACHE, key, picture)
    return { picture: name, reservation }
  }
  // Cloudinary chooses the name, so it is known only now.
  const name = serializeReference(await upload(cloud, picture))
  try {
    return { picture: name, reservation: await reservePicture(db, name) }
  } catch (error) {
    afterResponse(c, () => createPictureDeleter(c.env, config)(name))
    throw error
  }
}

/** Removes pictures from where each is kept. One at Cloudinary stays where no key is configured for its account. */
export function createPictureDeleter(bindings: Bindings, config: Configuration): DeletePicture {
  return async (picture) => {
    const reference = parseReference(picture)
    if (reference?.store === 'kv') await removeLocally(bindings.CACHE, reference.key)
    if (reference?.store === 'cloudinary') await destroy(config, reference)
  }
}
