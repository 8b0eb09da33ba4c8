import { rowsOfIds } from '../contacts/store.ts'
import { contactNotFound } from '../contacts/write.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { countPairs, insertPairs, maxPairs } from './duplicates-store.ts'

/**
 * Remembers that some contacts are not the same person: no list of duplicates has two of them in one group any more.
 * Doing it again changes nothing.
 * @throws Problem 404 if the owner has no contact with one of the ids; 409 `storage-full` after 50,000 pairs
 */
export async function dismissDuplicates({ db }: Services, ownerId: number, ids: readonly number[]): Promise<void> {
  const distinct = [...new Set(ids)]
  const rows = await rowsOfIds(db, ownerId, distinct)
  if (rows.length < distinct.length) throw contactNotFound()
  if ((await countPairs(db, ownerId)) >= maxPairs) {
    const detail = `You have said of ${maxPairs} pairs of contacts that they are distinct. No more are remembered.`
    throw new Problem(409, 'storage-full', detail)
  }
  await insertPairs(db, ownerId, distinct)
}
