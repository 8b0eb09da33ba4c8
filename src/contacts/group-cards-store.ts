import { and, sql } from 'drizzle-orm'
import { type Author, serializeAuthor } from '../books/author.ts'
import { numberIn } from '../books/numbers-store.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { jsonOf } from '../platform/db/rows.ts'
import { ownedBy } from './scope.ts'
import { contactsInJson } from './store.ts'
import { contacts, effectiveUid, groupMembers } from './table.ts'

/** A group's vCard with other members. */
export interface GroupCard {
  readonly id: number
  readonly card: string
}

/** A UID that a group names from now on, beside one that it names already. */
export interface Joining {
  readonly group: number
  readonly beside: string
  readonly uid: string
}

/** Finds the groups of an owner that have contacts as members, with the UID of each such member. */
export const findGroupsNaming = (db: Database, ownerId: number, contactIds: readonly number[]) =>
  db
    .select({ group: groupMembers.group_id, uid: groupMembers.uid })
    .from(sql`json_each(${JSON.stringify(contactIds)}) AS wanted`)
    .crossJoin(contacts)
    .crossJoin(groupMembers)
    .where(
      and(
        ownedBy(ownerId),
        sql`${contacts.id} = wanted.value`,
        sql`${groupMembers.owner_id} = ${ownerId}`,
        sql`${groupMembers.uid} = ${effectiveUid}`,
      ),
    )
    .orderBy(sql`wanted.key`, groupMembers.group_id)

/** For a batch: replaces the vCards of groups, of which nothing changes but the members. */
export const groupCardStatements = (db: Database, ownerId: number, cards: readonly GroupCard[], author: Author) =>
  jsonOf(cards).map((json) =>
    db
      .update(contacts)
      .set({
        ...{ card: sql`changed.value ->> 'card'`, updated_at: timestamp(), changed_by: serializeAuthor(author) },
        ...{ revision: sql`contacts.revision + 1`, seq: numberIn(ownerId, 'changed') },
      })
      .from(contactsInJson(db, ownerId, json))
      .where(sql`contacts.id = changed.found`),
  )

/**
 * For a batch, with {@link groupCardStatements}: stores that groups name other UIDs. Triggers then give the contacts of
 * these UIDs the labels, and a revision for each group (migration 0009).
 */
export const joinStatements = (db: Database, ownerId: number, joinings: readonly Joining[]) =>
  jsonOf(joinings).map((json) =>
    db
      .insert(groupMembers)
      .select(
        db
          .select({
            group_id: groupMembers.group_id,
            uid: sql<string>`wanted.value ->> 'uid'`.as('uid'),
            owner_id: groupMembers.owner_id,
            label: groupMembers.label,
            search: groupMembers.search,
          })
          .from(sql`json_each(${json}) AS wanted`)
          .crossJoin(groupMembers)
          .where(
            and(
              sql`${groupMembers.owner_id} = ${ownerId}`,
              sql`${groupMembers.group_id} = wanted.value ->> 'group'`,
              sql`${groupMembers.uid} = wanted.value ->> 'beside'`,
            ),
          ),
      )
      .onConflictDoNothing(),
  )

/**
 * For a batch, with {@link groupCardStatements}: stores that groups no longer name a contact, by any form of its UID.
 */
export const leaveStatements = (db: Database, ownerId: number, groups: readonly number[], uids: readonly string[]) =>
  groups.length === 0
    ? []
    : [
        db
          .delete(groupMembers)
          .where(
            and(
              sql`${groupMembers.owner_id} = ${ownerId}`,
              sql`${groupMembers.group_id} IN (SELECT value FROM json_each(${JSON.stringify(groups)}))`,
              sql`${groupMembers.uid} IN (SELECT value FROM json_each(${JSON.stringify(uids)}))`,
            ),
          ),
      ]
