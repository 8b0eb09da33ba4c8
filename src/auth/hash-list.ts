/**
 * Which app passwords a user's gate knows of, by their hashes. The list may hold more than the database does and never
 * less: a hash is added before its row is written, and leaves only when a row of a later revision did not have it.
 * What a hash opens, the user's copy at the gate's revision decides. test/app-password-model.test.ts explores all this.
 */

/** A hash that a gate admits. */
export interface HashEntry {
  /** The revision that was issued to its creation; what is read of the database has the row's revision. */
  readonly revision: number
  /** The day of its last use, so that the first use of each day is reported; null before the first. */
  readonly lastDay: string | null
}

/** The list of a gate. */
export interface HashList {
  readonly entries: Readonly<Record<string, HashEntry>>
  /** When the database was last listed to the gate, in milliseconds; null while hashes may be missing. */
  readonly listedAt: number | null
}

/** What a gate says of a hash. `unlisted`: it cannot tell, so the database is to be read and listed to it. */
export type HashStatus = 'listed' | 'unknown' | 'unlisted'

export const emptyHashList: HashList = { entries: {}, listedAt: null }

/** How many hashes a gate has at most: 25 that live, and those of creations that failed. */
const maxEntries = 100

/**
 * For how long a gate that does not have a hash says so without the database: what was restored from a backup is not
 * kept out for longer.
 */
export const trustListMs = 24 * 3_600_000

/** What a list says of a hash at a time. */
export function statusOf({ entries, listedAt }: HashList, hash: string, now: number): HashStatus {
  if (Object.hasOwn(entries, hash)) return 'listed'
  return listedAt === null || now - listedAt > trustListMs ? 'unlisted' : 'unknown'
}

/** Adds the hash of a password that is being created at a revision; null where there is no place for it. */
export function announceHash(list: HashList, hash: string, revision: number): HashList | null {
  if (Object.keys(list.entries).length >= maxEntries && !Object.hasOwn(list.entries, hash)) return null
  return { ...list, entries: { ...list.entries, [hash]: { revision, lastDay: null } } }
}

/** What the database had at one moment: the hashes of a user, and the revision of the user's row. */
export interface LiveHashes {
  readonly hashes: readonly string[]
  readonly revision: number
}

/**
 * Lists the database to a gate. A hash that it does not have leaves the list only if it was announced at that row's
 * revision or an earlier one: then it was revoked, or will never be written. A later one may be about to be. A list
 * that may lack some is whole only by what was read at the gate's own revision: a later hash may have been lost.
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

/** The day of a moment, in UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().replace(/T.*/, '')

/** Notes that a hash is used on a day; null where it was used on that day before. */
export function useHash(list: HashList, hash: string, day: string): HashList | null {
  const entry = list.entries[hash]
  if (!entry || entry.lastDay === day) return null
  return { ...list, entries: { ...list.entries, [hash]: { ...entry, lastDay: day } } }
}
