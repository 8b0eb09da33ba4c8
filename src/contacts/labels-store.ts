import { and, asc, count, sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import type { ContactContent } from './content.ts'
import { findGroupNames, nameOfGroup } from './groups-store.ts'
import { keyOfLabel, labelsOfKey, plainLabel } from './labels-key.ts'
import { ownedBy } from './scope.ts'
import { changeStatement, type Writer } from './store.ts'
import { contacts, type StoredRow, storedColumns } from './table.ts'

/** A label, and how many contacts have it. */
export interface LabelCount {
  readonly name: string
  readonly count: number
}

/** The condition of the index that has only contacts with labels: in these words, which the index has. */
const hasLabels = sql`(labels_key <> '' OR group_labels <> '')`

/**
 * Counts the labels of an owner's contacts, by an index that has them alone; in no order. A group that nobody is in is
 * a label, too.
 */
export async function countLabels(db: Database, ownerId: number): Promise<LabelCount[]> {
  const [rows, groups] = await db.batch([
    db
      .select({ labels_key: contacts.labels_key, group_labels: contacts.group_labels, contacts: count() })
      .from(contacts)
      .where(and(ownedBy(ownerId), hasLabels))
      .groupBy(contacts.labels_key, contacts.group_labels),
    findGroupNames(db, ownerId),
  ])
  const counts = new Map<string, number>(groups.map((group) => [plainLabel(nameOfGroup(group)), 0]))
  for (const row of rows) {
    const labels = new Set([...labelsOfKey(row.labels_key), ...labelsOfKey(row.group_labels)])
    for (const name of labels) counts.set(name, (counts.get(name) ?? 0) + row.contacts)
  }
  return [...counts].map(([name, count]) => ({ name, count }))
}

/** Finds an owner's contacts that have a label of their own, the first so many by their ids. */
export const findLabeled = (db: Database, ownerId: number, label: string, limit: number): PromiseLike<StoredRow[]> =>
  db
    .select(storedColumns)
    .from(contacts)
    .where(and(ownedBy(ownerId), hasLabels, sql`instr(${contacts.labels_key}, ${keyOfLabel(label)}) > 0`))
    .orderBy(asc(contacts.id))
    .limit(limit)

/** Finds the ids of an owner's contacts that have a label by a group. */
export async function findInGroups(db: Database, ownerId: number, label: string): Promise<number[]> {
  const rows = await db
    .select({ id: contacts.id })
    .from(contacts)
    .where(and(ownedBy(ownerId), hasLabels, sql`instr(${contacts.group_labels}, ${keyOfLabel(label)}) > 0`))
  return rows.map(({ id }) => id)
}

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
  writer: Writer,
): Promise<number> {
  let replaced = 0
  for (let at = 0; at < changes.length; at += batchSize) {
    const [first, ...others] = changes
      .slice(at, at + batchSize)
      .map(({ row, content }) => changeStatement(db, ownerId, row, content, writer).returning({ id: contacts.id }))
    if (first) replaced += (await db.batch([first, ...others])).flat().length
  }
  return replaced
}
