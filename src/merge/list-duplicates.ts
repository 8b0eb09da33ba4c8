import { detailsOf } from '../contacts/content.ts'
import type { StoredRow } from '../contacts/table.ts'
import type { Cursor, Page, PageQuery } from '../platform/http/page.ts'
import type { Services } from '../platform/ports.ts'
import { findSharing, readCandidates, type Sharing } from './duplicates-store.ts'
import { groupBySigns } from './group-by-signs.ts'
import { partsOfSign, signsOf } from './signs.ts'

/** Contacts that seem to be the same person, and why. */
export interface DuplicateRows {
  /** Its place in the list, from 1. */
  readonly id: number
  readonly signs: readonly string[]
  readonly rows: readonly StoredRow[]
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
function sharedSigns(rows: ReadonlyMap<number, StoredRow>, sharing: readonly Sharing[]): Map<number, Set<string>> {
  const all = new Map([...rows].map(([id, row]) => [id, signsOfRow(row)]))
  const shared = new Map<number, Set<string>>([...rows.keys()].map((id) => [id, new Set()]))
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
 * owner has said are distinct. An answer is made of at most 500 signs: after these are merged or dismissed, it has the
 * next.
 */
export async function listDuplicates(
  { db }: Services,
  ownerId: number,
  query: PageQuery,
  cursor: Cursor | null,
): Promise<Page<DuplicateRows>> {
  const sharing = await findSharing(db, ownerId)
  const ids = [...new Set(sharing.flatMap((one) => one.ids))]
  const { rows, distinct } = ids.length === 0 ? { rows: [], distinct: [] } : await readCandidates(db, ownerId, ids)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const groups = groupBySigns(
    [...sharedSigns(byId, sharing)].map(([id, signs]) => ({ id, signs: [...signs] })),
    distinct,
  )
  const from = cursor?.id ?? query.skip ?? 0
  const page = groups
    .map(({ ids, signs }, at) => ({
      ...{ id: at + 1, signs },
      rows: ids.flatMap((id) => byId.get(id) ?? []),
    }))
    .filter(({ id }) => id > from && id <= from + query.limit)
  const last = page.at(-1)
  const next = last && last.id < groups.length ? { sort: 'duplicates', key: '', id: last.id } : null
  return { rows: page, next, total: query.total ? groups.length : null }
}
