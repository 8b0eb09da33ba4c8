import { and, asc, count, sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import type { ContactContent } from './content.ts'
import { findGroupNames, nameOfGroup } from './groups-store.ts'
import { keyOfLabel, labelsOfKey, plainLabel } from './labels-key.ts'
import { ownedBy } from './scope.ts'
import { changeStatement, type Writer } from './store.ts'
import { contacts, type StoredRow, storedColumns } from './table.ts'

/** A label, and the number of contacts that have it. */
export interface LabelCount {
  readonly name: string
  readonly count: number
}

/** The condition of the partial index of contacts with labels. SQLite uses the index only if the text is the same. */
const hasLabels = sql`(labels_key <> '' OR group_labels <> '')`

/**
 * Counts the labels of an owner's contacts, in no order. Reads only the index of contacts with labels. A group without
 * members counts as a label, too.
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

/** Finds an owner's contacts that have a label of their own (not through a group), by id. */
export const findLabeled = (db: Database, ownerId: number, label: string, limit: number): PromiseLike<StoredRow[]> =>
  db
    .select(storedColumns)
    .from(contacts)
    .where(and(ownedBy(ownerId), hasLabels, sql`instr(${contacts.labels_key}, ${keyOfLabel(label)}) > 0`))
    .orderBy(asc(contacts.id))
    .limit(limit)

/** Finds the ids of an owner's contacts that have a label through a group. */
export async function findInGroups(db: Database, ownerId: number, label: string): Promise<number[]> {
  const rows = await db
    .select({ id: contacts.id })
    .from(contacts)
    .where(and(ownedBy(ownerId), hasLabels, sql`instr(${contacts.group_labels}, ${keyOfLabel(label)}) > 0`))
  return rows.map(({ id }) => id)
}

/** The most statements in one batch: the vCard of a contact may have 64 KB. */
const batchSize = 50

/**
 * Replaces the content of several contacts, except those that were changed or deleted since they were read. Returns how
 * many it replaced.
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
