import type { Configuration } from '../platform/config/configuration.ts'
import { isAccountFull } from '../platform/db/errors.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { measureAccount } from './size-store.ts'

/** 409 for what would add to an account that holds as much as one may. */
export const storageFull = ({ MAX_ACCOUNT_BYTES: most }: Configuration): Problem =>
  new Problem(
    409,
    'storage-full',
    `Your account holds ${Math.floor(most / 1e6)} MB, which is the most: delete contacts, and empty the trash.`,
  )

/**
 * Runs a write that adds to an account. Where the account may be full by what was measured last, it is measured anew,
 * and if there is room the write runs once more.
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
