import type { Configuration } from '../platform/config/configuration.ts'
import { isAccountFull } from '../platform/db/errors.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { measureAccount } from './size-store.ts'

/** Makes the 409 for a write that would add to a full account. */
export const storageFull = ({ MAX_ACCOUNT_BYTES: most }: Configuration): Problem =>
  new Problem(
    409,
    'storage-full',
    `Your account has reached its limit of ${Math.floor(most / 1e6)} MB. Delete contacts, and empty the trash.`,
  )

/**
 * Runs a write that may add to an account. If the write fails because the account may be full, measures the account,
 * and runs the write once more if there is room.
 * @throws Problem 409 `storage-full`, and what `write` throws
 */
export async function writeWithinBounds<T>(
  { db, config }: Services,
  ownerId: number,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!isAccountFull(error)) throw error
    if (!(await measureAccount(db, ownerId, config.MAX_ACCOUNT_BYTES))) throw storageFull(config)
  }
  try {
    return await write()
  } catch (error) {
    throw isAccountFull(error) ? storageFull(config) : error
  }
}
