/**
 * The list of a user's app passwords, by their hashes, in the user's gate. It may contain more hashes than the
 * database, never fewer: a hash is added before its row is written, and removed only when a row at the same or a later
 * revision does not have it. The user's copy at the gate's revision decides what a hash permits.
 * test/app-password-model.test.ts explores all this.
 */

/** A hash that a gate admits. */
export interface HashEntry {
  /**
   * The revision that was issued for the creation of this app password. Compared with the revision of the row that was
   * read.
   */
  readonly revision: number
  /** The day of the last use, so that the first use of each day is reported; null before the first use. */
  readonly lastDay: string | null
}

/** The list that a gate stores. */
export interface HashList {
  readonly entries: Readonly<Record<string, HashEntry>>
  /** When the list was last updated from the database, in milliseconds; null while hashes may be missing. */
  readonly listedAt: number | null
}

/**
 * The result for a hash. `unlisted`: the gate cannot tell, so the caller has to read the database and send the list.
 */
export type HashStatus = 'listed' | 'unknown' | 'unlisted'

export const emptyHashList: HashList = { entries: {}, listedAt: null }

/** The maximum number of hashes in a list: 25 active ones, and those of failed creations. */
const maxEntries = 100

/**
 * How long the list is trusted for a hash that it does not have. An app password that a restored backup brought back is
 * refused for this long at most.
 */
export const trustListMs = 24 * 3_600_000

/** Returns the status of a hash at a given time. */
export function statusOf({ entries, listedAt }: HashList, hash: string, now: number): HashStatus {
  if (Object.hasOwn(entries, hash)) return 'listed'
  return listedAt === null || now - listedAt > trustListMs ? 'unlisted' : 'unknown'
}

/** Adds the hash of a password that is being created at a revision; null if the list is full. */
export function announceHash(list: HashList, hash: string, revision: number): HashList | null {
  if (Object.keys(list.entries).length >= maxEntries && !Object.hasOwn(list.entries, hash)) return null
  return { ...list, entries: { ...list.entries, [hash]: { revision, lastDay: null } } }
}

/** The hashes of a user in the database, and the revision of the user's row, read at the same moment. */
export interface LiveHashes {
  readonly hashes: readonly string[]
  readonly revision: number
}

/**
 * Updates a list from the database. A hash that the database does not have is removed only if it was added for that
 * row's revision or an earlier one: then it was revoked, or will never be written. A hash of a later revision may be
 * about to be written. If the list may lack hashes, it is complete only after a read at the gate's own revision,
 * because a later hash may have been lost.
 */
export function listHashes(
  list: HashList,
  { hashes, revision }: LiveHashes,
  { now, gateRevision }: { readonly now: number; readonly gateRevision: number | undefined },
): HashList {
  const later = Object.entries(list.entries).filter(([, entry]) => entry.revision > revision)
  const live = hashes.map((hash) => [hash, list.entries[hash] ?? { revision, lastDay: null }] as const)
  const isWhole = list.listedAt !== null || revision === gateRevision
  return { entries: Object.fromEntries([...later, ...live]), listedAt: isWhole ? now : null }
}

/** The UTC day of a moment. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().replace(/T.*/, '')

/** Records the use of a hash on a day; null if it was already used on that day. */
export function useHash(list: HashList, hash: string, day: string): HashList | null {
  const entry = list.entries[hash]
  if (!entry || entry.lastDay === day) return null
  return { ...list, entries: { ...list.entries, [hash]: { ...entry, lastDay: day } } }
}
