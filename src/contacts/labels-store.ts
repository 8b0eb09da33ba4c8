import { and, asc, count, ne, sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import type { ContactContent } from './content.ts'
import { keyOfLabel, labelsOfKey } from './labels-key.ts'
import { ownedBy } from './scope.ts'
import { replaceStatement } from './store.ts'
import { contacts, type StoredRow, storedColumns } from './table.ts'

/** A label, and how many contacts have it. */
export interface LabelCount {
  readonly name: string
  readonly count: number
}

/** Counts the labels of an owner's contacts, by an index that has them alone; in no order. */
export async function countLabels(db: Database, ownerId: number): Promise<LabelCount[]> {
  const rows = await db
    .select({ labels_key: contacts.labels_key, contacts: count() })
    .from(contacts)
    .where(and(ownedBy(ownerId), ne(contacts.labels_key, sql`''`)))
    .groupBy(contacts.labels_key)
  const counts = new Map<string, number>()
  for (const row of rows) {
    for (const name of labelsOfKey(row.labels_key)) counts.set(name, (counts.get(name) ?? 0) + row.contacts)
  }
  return [...counts].map(([name, count]) => ({ name, count }))
}

/** Finds an owner's contacts that have a label, the first so many by their ids. */
export const findLabeled = (db: Database, ownerId: number, label: string, limit: number): PromiseLike<StoredRow[]> =>
  db
    .select(storedColumns)
    .from(contacts)
    .where(
      and(
        ownedBy(ownerId),
        ne(contacts.labels_key, sql`''`),
        sql`instr(${contacts.labels_key}, ${keyOfLabel(label)}) > 0`,
      ),
    )
    .orderBy(asc(contacts.id))
    .limit(limit)

/** Statements in one batch: a contact's vCard may have 64 KB. */
const batchSize = 50

/**
 * Replaces the content of several contacts, each unless it has been changed or deleted since it was read. Returns how
 * many were replaced.
 */
export async function replaceRows(
  db: Database,
  ownerId: number,
  changes: readonly { readonly row: StoredRow; readonly content: ContactContent }[],
  locale: string,
): Promise<number> {
  let replaced = 0
  for (let at = 0; at < changes.length; at += batchSize) {
    const [first, ...others] = changes
      .slice(at, at + batchSize)
      .map(({ row, content }) => replaceStatement(db, ownerId, row, content, locale))
    if (first) replaced += (await db.batch([first, ...others])).flat().length
  }
  return replaced
}
