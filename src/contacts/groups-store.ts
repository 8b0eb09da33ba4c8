import { and, eq, exists, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import { truncate } from '../platform/text/truncate.ts'
import type { ContactContent } from './content.ts'
import { fullName } from './fields.ts'
import { keyOfLabel } from './labels-key.ts'
import { isContact, type Which } from './parts-store.ts'
import { ownedBy } from './scope.ts'
import { groupSearchText } from './search/keys.ts'
import { contacts, groupMembers, type StoredRow, storedColumns } from './table.ts'

/** Characters of a group's name that its members have as a label: a vCard may have a name of 64 KB. */
const maxName = 200

/** The most groups of an owner: each that a contact is in makes its row longer. */
export const maxGroups = 1000

/** The name of a group, which is a label of its members. */
export const nameOfGroup = (group: Pick<StoredRow, 'first_name' | 'last_name' | 'full_name'>): string =>
  truncate(group.full_name ?? fullName(group), maxName)

/** The condition that an owner may have another group. */
export const hasRoomForGroup = (ownerId: number): SQL =>
  sql`(SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)} AND is_group = 1) < ${maxGroups}`

/** Whether an owner may have another group. */
export async function mayHaveGroup(db: Database, ownerId: number): Promise<boolean> {
  const rows = await db.select({ one: sql<number>`1` }).from(sql`(SELECT 1) AS one`).where(hasRoomForGroup(ownerId))
  return rows.length > 0
}

/**
 * For the batch of a write of a group, after it: who is in it now, and its name. Triggers change the labels of those
 * contacts of whom that differs (migration 0009). Where the write did nothing, neither does this: the vCard of the row
 * is another.
 */
export function memberStatements(db: Database, ownerId: number, which: Which, content: ContactContent) {
  const members = JSON.stringify(content.members ?? [])
  const name = nameOfGroup({ ...content.fields, full_name: content.full_name })
  const [label, search] = [keyOfLabel(name), groupSearchText(name)]
  const written = db
    .select({ id: contacts.id })
    .from(contacts)
    .where(and(isContact(ownerId, which), sql`${contacts.card} IS ${content.card}`))
  const ofGroup = and(sql`${groupMembers.group_id} = ${which}`, exists(written))
  return [
    db
      .delete(groupMembers)
      .where(and(ofGroup, sql`${groupMembers.uid} NOT IN (SELECT value FROM json_each(${members}))`)),
    db
      .update(groupMembers)
      .set({ label, search })
      .where(and(ofGroup, sql`(${groupMembers.label}, ${groupMembers.search}) IS NOT (${label}, ${search})`)),
    db
      .insert(groupMembers)
      .select(
        db
          .select({
            group_id: sql<number>`${contacts.id}`.as('group_id'),
            uid: sql<string>`member.value`.as('uid'),
            owner_id: sql<number>`${ownerId}`.as('owner_id'),
            label: sql<string>`${label}`.as('label'),
            search: sql<string>`${search}`.as('search'),
          })
          .from(contacts)
          .innerJoin(sql`json_each(${members}) AS member`, sql`true`)
          .where(and(isContact(ownerId, which), sql`${contacts.card} IS ${content.card}`)),
      )
      .onConflictDoNothing(),
  ]
}

/**
 * What the columns of a contact are under a UID: the labels of the groups that name it, and with them its search key,
 * which is given without any.
 */
export function groupColumns(
  db: Database,
  ownerId: number,
  uid: string,
  { search_key }: { readonly search_key: string },
): { readonly group_labels: SQL; readonly search_key: SQL } {
  const named = db
    .select({ label: groupMembers.label, search: groupMembers.search })
    .from(groupMembers)
    .where(and(eq(groupMembers.owner_id, ownerId), eq(groupMembers.uid, uid)))
    .orderBy(groupMembers.group_id)
  // As the triggers of migration 0009 have it.
  return {
    group_labels: sql`coalesce((SELECT group_concat(label, '') FROM ${named}), '')`,
    search_key: sql`replace(${search_key}, char(12), coalesce(
      (SELECT char(14) || group_concat(' ' || search || ' ', '') || char(15) FROM ${named}), '') || char(12))`,
  }
}

/** Finds the groups of an owner that a contact is in by its UID, and that have one of some names. */
export const findGroupsOf = (
  db: Database,
  ownerId: number,
  uid: string,
  labels: readonly string[],
): PromiseLike<StoredRow[]> =>
  db
    .select(storedColumns)
    .from(groupMembers)
    .innerJoin(contacts, eq(contacts.id, groupMembers.group_id))
    .where(
      and(
        eq(groupMembers.owner_id, ownerId),
        eq(groupMembers.uid, uid),
        sql`${groupMembers.label} IN (SELECT value FROM json_each(${JSON.stringify(labels.map(keyOfLabel))}))`,
        ownedBy(ownerId),
      ),
    )

/** Finds all groups of an owner. */
export const findGroups = (db: Database, ownerId: number) =>
  db
    .select(storedColumns)
    .from(contacts)
    .where(and(ownedBy(ownerId), sql`is_group = 1`))
    .orderBy(contacts.id)
