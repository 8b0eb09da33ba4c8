import { and, asc, eq, gt } from 'drizzle-orm'
import type { Database } from '../platform/db/database.ts'
import { searchKeys } from './search.ts'
import { contacts, keying } from './table.ts'

/** Raised when derived columns are made otherwise than before, so that those of older rows are made anew. */
const keysFormat = 1

/** Contacts at a time: few enough for the shortest CPU time that a plan allows. */
const batchSize = 200

/**
 * Makes the derived columns of contacts anew, some at a time, until all are what this version and the locale's alphabet make of
 * them: after an upgrade, or when `SORT_LOCALE` has changed. Cron calls it every minute; once all is done it is one query.
 */
export async function rekey(db: Database, locale: string): Promise<void> {
  const version = `${keysFormat} ${locale}`
  const [row] = await db.select().from(keying)
  if (row?.version === version && row.done_to === null) return
  const from = row?.version === version ? (row.done_to ?? 0) : 0
  const batch = await db.select().from(contacts).where(gt(contacts.id, from)).orderBy(asc(contacts.id)).limit(batchSize)
  const done_to = batch.length < batchSize ? null : (batch.at(-1)?.id ?? null)
  await db.batch([
    db
      .insert(keying)
      .values({ id: 1, version, done_to })
      .onConflictDoUpdate({ target: keying.id, set: { version, done_to } }),
    ...batch.map((contact) =>
      db
        .update(contacts)
        .set(searchKeys(contact, locale))
        // Whoever has changed it meanwhile has made its keys anew.
        .where(and(eq(contacts.id, contact.id), eq(contacts.revision, contact.revision))),
    ),
  ])
}
