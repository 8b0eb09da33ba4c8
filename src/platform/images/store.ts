import type { Bindings, Configuration } from '../../env.ts'
import { afterwards } from '../http/afterwards.ts'
import type { Serving } from '../http/router.ts'
import { cloudinaryOf, destroy, upload } from './cloudinary.ts'
import { type Remover, reserve } from './discarded.ts'
import type { Picture } from './image.ts'
import { freshKey, keepLocally, removeLocally, requireSmall } from './local.ts'
import { readReference, written } from './reference.ts'

/** A picture that is kept, but that no row shows yet. */
export interface Kept {
  readonly picture: string
  /** For the batch of the change that shows it: see `adopted`. */
  readonly reservation: number
}

/**
 * Keeps a picture where this deployment does: at Cloudinary where that is configured, else in KV. Whatever goes wrong afterwards,
 * it is removed again unless a row comes to show it.
 * @throws Problem 413 `too-large`, 422 where the store refuses it, 503 `avatar-store-unavailable`
 */
export async function keepPicture(c: Serving, picture: Picture): Promise<Kept> {
  const { db, config } = c.var
  const cloud = cloudinaryOf(config)
  if (!cloud) {
    requireSmall(picture)
    const key = freshKey()
    const name = written({ store: 'kv', key })
    const reservation = await reserve(db, name)
    await keepLocally(c.env.CACHE, key, picture)
    return { picture: name, reservation }
  }
  // Cloudinary chooses the name, so it is known only now.
  const name = written(await upload(cloud, picture))
  try {
    return { picture: name, reservation: await reserve(db, name) }
  } catch (error) {
    afterwards(c, () => remover(c.env, config)(name))
    throw error
  }
}

/** Removes pictures from where each is kept. One at Cloudinary stays where no key is configured for its account. */
export function remover(bindings: Bindings, config: Configuration): Remover {
  return async (picture) => {
    const reference = readReference(picture)
    if (reference?.store === 'kv') await removeLocally(bindings.CACHE, reference.key)
    if (reference?.store === 'cloudinary') await destroy(config, reference)
  }
}
