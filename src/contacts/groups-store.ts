import { and, eq, exists, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import { truncate } from '../platform/text/truncate.ts'
import type { ContactContent } from './content.ts'
import { fullName } from './fields.ts'
import { keyOfLabel } from './labels-key.ts'
import { isContact, type Which } from './parts-store.ts'
import { ownedBy } from './scope.ts'
import { groupSearchText } from './search/keys.ts'
import { contacts, effectiveUid, groupMembers, type StoredRow, storedColumns } from './table.ts'

/** The most characters of a group's name that its members get as a label: a name in a vCard may have 64 KB. */
const maxName = 200

/** Makes what the members of a group have of its name: their label, and its form in search keys. */
export function namesForMembers(group: Parameters<typeof nameOfGroup>[0]): {
  readonly label: string
  readonly search: string
} {
  const name = nameOfGroup(group)
  return { label: keyOfLabel(name), search: truncate(groupSearchText(name), maxName) }
}

/** The most groups of an owner: each group that a contact is in makes the contact's row longer. */
export const maxGroups = 1000

/** Returns the name of a group, which its members have as a label. */
export const nameOfGroup = (group: Pick<StoredRow, 'first_name' | 'last_name' | 'full_name'>): string =>
  truncate(group.full_name ?? fullName(group), maxName)

/** The most members that all groups of an owner may have together: each member's row has the names of its groups. */
export const maxMemberships = 50_000

/** A group to write: its members, and the row that it replaces, if any. */
interface WrittenGroup {
  readonly members: readonly string[]
  readonly row?: Pick<StoredRow, 'id' | 'is_group'> | undefined
}

const countGroups = (ownerId: number) =>
  sql<number>`(SELECT count(*) FROM contacts WHERE ${ownedBy(ownerId)} AND is_group = 1)`

const countMemberships = (ownerId: number, exceptId = 0) =>
  sql<number>`(SELECT count(*) FROM group_members WHERE owner_id = ${ownerId} AND group_id <> ${exceptId})`

/** The condition that an owner may write a group: {@link maxGroups}, {@link maxMemberships}. */
export const hasRoomForGroup = (ownerId: number, { members, row }: WrittenGroup): SQL =>
  sql`((${row?.is_group ? 0 : countGroups(ownerId)}) < ${maxGroups}
    AND ${countMemberships(ownerId, row?.id)} + ${members.length} <= ${maxMemberships})`

/** Returns which limit prevents an owner from writing a group, of groups or of members; null if none does. */
export async function findGroupRefusal(
  db: Database,
  ownerId: number,
  { members, row }: WrittenGroup,
): Promise<'groups' | 'members' | null> {
  const [counted] = await db
    .select({ groups: countGroups(ownerId), memberships: countMemberships(ownerId, row?.id) })
    .from(sql`(SELECT 1) AS one`)
  if (!counted) return null
  if (!row?.is_group && counted.groups >= maxGroups) return 'groups'
  return counted.memberships + members.length > maxMemberships ? 'members' : null
}

/**
 * For the batch that writes a group, after that write: stores its members and its name. Triggers then change the labels
 * of the contacts that join, leave, or have a renamed group (migration 0009). If the write changed nothing, these
 * statements change nothing either, because they compare the vCard of the row.
 */
export function memberStatements(db: Database, ownerId: number, which: Which, content: ContactContent) {
  const members = JSON.stringify(content.members ?? [])
  const { label, search } = namesForMembers({ ...content.fields, full_name: content.full_name })
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
          // A group is not a member of itself, even if it names itself.
          .where(
            and(
              isContact(ownerId, which),
              sql`${contacts.card} IS ${content.card}`,
              sql`member.value <> ${effectiveUid}`,
            ),
          ),
      )
      .onConflictDoNothing(),
  ]
}

/**
 * Returns the columns of a contact that depend on its groups: the labels of the groups that name its UID, and its
 * search key with these labels. The `search_key` passed in has none.
 */
export function groupColumns(
  db: Database,
  ownerId: number,
  uid: string | SQL,
  { search_key }: { readonly search_key: string | SQL },
): { readonly group_labels: SQL; readonly search_key: SQL } {
  const named = db
    .select({ label: groupMembers.label, search: groupMembers.search })
    .from(groupMembers)
    .where(and(eq(groupMembers.owner_id, ownerId), eq(groupMembers.uid, uid)))
    .orderBy(groupMembers.group_id)
  // The same SQL as in the triggers of migration 0009.
  return {
    group_labels: sql`coalesce((SELECT group_concat(label, '') FROM ${named}), '')`,
    search_key: sql`replace(${search_key}, char(12), coalesce(
      (SELECT char(14) || group_concat(' ' || search || ' ', '') || char(15) FROM ${named}), '') || char(12))`,
  }
}

/** Finds the groups of an owner that have a contact as a member, by its UID, and one of some names. */
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

/** Finds the names of all groups of an owner. */
export const findGroupNames = (db: Database, ownerId: number) =>
  db
    .select({
      id: contacts.id,
      first_name: contacts.first_name,
      last_name: contacts.last_name,
      full_name: contacts.full_name,
    })
    .from(contacts)
    .where(and(ownedBy(ownerId), sql`is_group = 1`))
    .orderBy(contacts.id)
