import { and, asc, eq, gt } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { fold } from '../../platform/text/fold.ts'
import { users } from '../../users/table.ts'
import { searchTextOf } from '../content.ts'
import { nameOfGroup } from '../groups-store.ts'
import { labelsOfKey } from '../labels-key.ts'
import { contacts, groupMembers, searchKeyMigration } from '../table.ts'
import { groupSearchText, hiddenKeys, searchKeys } from './keys.ts'
import { keysVersion } from './keys-version.ts'

/** Rows at a time: few enough for the shortest CPU time that a plan allows. */
const batchSize = 200

/** Which row says how far each table has come. */
const progressIds = { contacts: 1, users: 2 } as const

/**
 * Makes the derived columns of contacts and of usernames anew, some at a time, until all are what this version and the
 * locale's alphabet make of them: after an upgrade, or when `SORT_LOCALE` has changed. Cron calls it every minute; once
 * all is done it is one query.
 */
export async function updateSearchKeys(db: Database, locale: string): Promise<void> {
  const version = await keysVersion(locale)
  const progress = await db.select().from(searchKeyMigration)
  /** The last row that was done; null once all are. */
  const doneTo = (id: number): number | null => {
    const row = progress.find((one) => one.id === id)
    return row?.version === version ? row.done_to : 0
  }
  const [contactsFrom, usersFrom] = [doneTo(progressIds.contacts), doneTo(progressIds.users)]
  if (contactsFrom !== null) await rekeyContacts(db, contactsFrom, version, locale)
  else if (usersFrom !== null) await rekeyUsers(db, usersFrom, version)
}

/** Notes how far a table has come by a batch of its rows: to the last of them, or to its end. */
function progressStatement(db: Database, id: number, version: string, batch: readonly { readonly id: number }[]) {
  const done_to = batch.length < batchSize ? null : (batch.at(-1)?.id ?? null)
  return db
    .insert(searchKeyMigration)
    .values({ id, version, done_to })
    .onConflictDoUpdate({ target: searchKeyMigration.id, set: { version, done_to } })
}

async function rekeyContacts(db: Database, from: number, version: string, locale: string): Promise<void> {
  const batch = await db.select().from(contacts).where(gt(contacts.id, from)).orderBy(asc(contacts.id)).limit(batchSize)
  await db.batch([
    progressStatement(db, progressIds.contacts, version, batch),
    ...batch.map((contact) =>
      db
        .update(contacts)
        .set(keysOf(contact, locale))
        // Whoever has changed it meanwhile has made its keys anew.
        .where(and(eq(contacts.id, contact.id), eq(contacts.revision, contact.revision))),
    ),
    ...batch
      .filter(({ is_group }) => is_group)
      .map((group) =>
        db
          .update(groupMembers)
          .set({ search: groupSearchText(nameOfGroup(group)) })
          .where(eq(groupMembers.group_id, group.id)),
      ),
  ])
}

const keysOf = (contact: typeof contacts.$inferSelect, locale: string) => ({
  ...searchKeys(contact, locale, searchTextOf(contact), labelsOfKey(contact.group_labels)),
  ...(contact.is_group ? hiddenKeys : {}),
})

async function rekeyUsers(db: Database, from: number, version: string): Promise<void> {
  const batch = await db
    .select({ id: users.id, username: users.username })
    .from(users)
    .where(gt(users.id, from))
    .orderBy(asc(users.id))
    .limit(batchSize)
  await db.batch([
    progressStatement(db, progressIds.users, version, batch),
    ...batch.map(({ id, username }) =>
      db
        .update(users)
        .set({ username_key: fold(username) })
        .where(and(eq(users.id, id), eq(users.username, username))),
    ),
  ])
}
