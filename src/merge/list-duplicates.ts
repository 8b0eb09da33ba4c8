import { detailsOf } from '../contacts/content.ts'
import type { ContactRow, StoredRow } from '../contacts/table.ts'
import type { Cursor, Page, PageQuery } from '../platform/http/page.ts'
import type { Services } from '../platform/ports.ts'
import { findPairs, findSharing, readCandidates, readListed, type Sharing } from './duplicates-store.ts'
import { groupBySigns } from './group-by-signs.ts'
import { partsOfSign, signsOf } from './signs.ts'

/** Contacts that seem to be the same person, and why. */
export interface DuplicateRows {
  /** Its place in the list, from 1. */
  readonly id: number
  readonly signs: readonly string[]
  readonly rows: readonly ContactRow[]
}

/** Returns the signs of a contact. */
export const signsOfRow = (row: StoredRow): string[] => {
  const { emails, phones } = detailsOf(row)
  return signsOf({ ...row, emails, phones })
}

/**
 * Returns the signs of each contact that others of the same candidates share with it. Only signs of their kind: what
 * more than 20 contacts share is among the signs of many, and is no reason.
 */
function sharedSigns(
  all: ReadonlyMap<number, readonly string[]>,
  sharing: readonly Sharing[],
): Map<number, Set<string>> {
  const shared = new Map<number, Set<string>>([...all.keys()].map((id) => [id, new Set()]))
  for (const { kind, ids } of sharing) {
    const holders = new Map<string, number[]>()
    for (const id of ids)
      for (const sign of all.get(id) ?? [])
        if (partsOfSign(sign).kind === kind) holders.set(sign, [...(holders.get(sign) ?? []), id])
    for (const [sign, some] of holders) if (some.length > 1) for (const id of some) shared.get(id)?.add(sign)
  }
  return shared
}

/**
 * Lists contacts of an owner that seem to be the same person, one page at a time: those with the lowest ids first.
 * Merges nothing. Leaves out groups of vCards, the trash, signs that more than 20 contacts share, and pairs that the
 * owner has said are distinct. An answer is made of at most 500 signs of 1,000 contacts: after these are merged or
 * dismissed, it has the next.
 */
export async function listDuplicates(
  { db }: Services,
  ownerId: number,
  query: PageQuery,
  cursor: Cursor | null,
): Promise<Page<DuplicateRows>> {
  const sharing = await findSharing(db, ownerId)
  const ids = [...new Set(sharing.flatMap((one) => one.ids))]
  // Only the signs of all of them are in memory at once, and not their vCards.
  const all = new Map<number, readonly string[]>()
  for await (const rows of readCandidates(db, ownerId, ids)) for (const row of rows) all.set(row.id, signsOfRow(row))
  const distinct = ids.length === 0 ? [] : await findPairs(db, ownerId, ids)
  const groups = groupBySigns(
    [...sharedSigns(all, sharing)].map(([id, signs]) => ({ id, signs: [...signs] })),
    distinct,
  )
  const from = cursor?.id ?? query.skip ?? 0
  const wanted = groups.flatMap((group, at) =>
    at >= from && at < from + query.limit ? [{ ...group, id: at + 1 }] : [],
  )
  const listed = [...new Set(wanted.flatMap((group) => group.ids))]
  const rows = listed.length === 0 ? [] : await readListed(db, ownerId, listed)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const page = wanted.map(({ id, signs, ids }) => ({ id, signs, rows: ids.flatMap((one) => byId.get(one) ?? []) }))
  const last = page.at(-1)
  const next = last && last.id < groups.length ? { sort: 'duplicates', key: '', id: last.id } : null
  return { rows: page, next, total: query.total ? groups.length : null }
}
