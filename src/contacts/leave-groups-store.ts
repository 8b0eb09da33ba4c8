import { and, eq, exists, inArray, or, sql } from 'drizzle-orm'
import { serializeAuthor } from '../books/author.ts'
import { uidForms, withoutMember } from '../cards/groups.ts'
import { printCard } from '../cards/parse.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { type ContactContent, cardOf } from './content.ts'
import { findGroupsOf, memberStatements } from './groups-store.ts'
import { isPlaceFree, moveStatement } from './move-store.ts'
import { ownContact } from './scope.ts'
import { createRegroupedChange, isUnchanged, numbered, replaceRow, type Writer } from './store.ts'
import { contacts, groupMembers, type StoredRow, storedColumns } from './table.ts'
import { uidOf } from './uid.ts'

/** The most groups in one batch: D1 allows 100 parameters for a statement. */
const groupsABatch = 10

/**
 * Replaces the content of a contact and removes it from the groups with some names, by removing it from their vCards.
 * All or nothing for up to ten groups; more are written in several batches. Undefined if the contact or one of these
 * groups was changed or deleted since it was read.
 */
export async function replaceAndLeave(
  db: Database,
  ownerId: number,
  row: StoredRow,
  content: ContactContent,
  left: readonly string[],
  writer: Writer,
): Promise<StoredRow | undefined> {
  const uid = uidOf(row)
  const named = left.length === 0 ? [] : await findGroupsOf(db, ownerId, uid, left)
  // A group is not a member of itself, even if it names itself.
  const found = named.filter(({ id }) => id !== row.id)
  if (found.length === 0) return replaceRow(db, ownerId, row, content, writer)
  const groups = found.filter((_, at) => at < groupsABatch)

  const cards = groups.map((group) => cardWithout(group, uid))
  /** The condition that this batch has written the first `count` groups, and the others are as they were read. */
  const written = (count: number) => {
    // Also compares the vCard: another request may have written the same revision by removing a different member.
    const each = groups.map(({ id, revision }, at) =>
      and(
        ownContact(ownerId, id),
        ...(at < count
          ? [eq(contacts.revision, revision + 1), sql`${contacts.card} IS ${cards[at]}`]
          : [eq(contacts.revision, revision)]),
      ),
    )
    return sql`(SELECT count(*) FROM contacts WHERE ${or(...each)}) = ${groups.length}`
  }
  const isPlace = isPlaceFree(db, ownerId, row, content)
  const asRead = and(isUnchanged(ownerId, row), isPlace)
  const isAsRead = exists(db.select({ id: contacts.id }).from(contacts).where(asRead))
  const [first, ...others] = groups.map((group, at) =>
    db
      .update(contacts)
      .set({
        ...{ card: cards[at] ?? null, updated_at: timestamp(), ...numbered(ownerId) },
        changed_by: serializeAuthor(writer.author),
      })
      .where(and(ownContact(ownerId, group.id), written(at), isAsRead)),
  )
  if (!first) return undefined
  const ids = groups.map(({ id }) => id)
  // Each deleted row of group_members raises the contact's revision by one (migration 0009).
  const isFree = and(
    ownContact(ownerId, row.id),
    eq(contacts.revision, row.revision + groups.length),
    written(groups.length),
    isPlace,
  )
  const move = content.moveTo === undefined ? [] : [moveStatement(db, ownerId, isFree)]
  const results = await db.batch([
    first,
    ...others,
    db
      .delete(groupMembers)
      .where(
        and(
          eq(groupMembers.owner_id, ownerId),
          inArray(groupMembers.group_id, ids),
          inArray(groupMembers.uid, uidForms(uid)),
          written(groups.length),
          isAsRead,
        ),
      ),
    ...move,
    db
      .update(contacts)
      .set(createRegroupedChange(db, ownerId, uid, content, writer))
      .where(isFree)
      .returning(storedColumns),
    ...(row.is_group ? memberStatements(db, ownerId, row.id, content) : []),
  ])
  const [replaced] = results[groups.length + 1 + move.length] as StoredRow[]
  if (!replaced || found.length <= groupsABatch) return replaced
  return replaceAndLeave(db, ownerId, replaced, { ...content, moveTo: undefined }, left, writer)
}

/** Returns a group's vCard without a member. */
function cardWithout(group: StoredRow, uid: string): string | null {
  const card = cardOf(group)
  return card ? printCard(withoutMember(card, uid)) : null
}
