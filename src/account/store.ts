import { and, asc, eq, gt, inArray, isNotNull, ne, type SQL, sql } from 'drizzle-orm'
import { type AuditEvent, type Client, insertAuditEvent } from '../audit/store.ts'
import { type EventRow, eventColumns, events } from '../audit/table.ts'
import { listAppPasswords } from '../auth/app-password-store.ts'
import { type LinkLetter, letterStatement, linkStatements } from '../auth/email-token-store.ts'
import { exportedLetterKinds } from '../auth/letter-kinds.ts'
import { appPasswords, emailTokens, sessions } from '../auth/table.ts'
import { books, removed } from '../books/table.ts'
import { emptyStatements } from '../books/trash-store.ts'
import { partsOf } from '../contacts/parts-store.ts'
import { isNoGroup, ownedBy, ownedByThose } from '../contacts/scope.ts'
import { accountSizes, type ContactRow, contactColumns, contacts, idempotencyKeys } from '../contacts/table.ts'
import { versions } from '../history/table.ts'
import { readTrash, type TrashRow } from '../history/trash-store.ts'
import { type ExportedVersion, readVersions } from '../history/versions-store.ts'
import type { Database } from '../platform/db/database.ts'
import type { OutboxLetter } from '../platform/mail/outbox-store.ts'
import { outbox } from '../platform/mail/table.ts'
import { markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import { isNotLastAdmin, syncRevision, userAtRevision } from '../users/store.ts'
import { users } from '../users/table.ts'

/** Which account is deleted, and under which conditions. */
interface AccountDeletion {
  readonly userId: number
  readonly revision: number
  /** The hash that the password must have; undefined for any. */
  readonly passwordHash: string | undefined
  /** Whether an admin's account stays. */
  readonly sparesAdmins: boolean
  /** Who deletes it, where that is not its owner. */
  readonly actor: (Client & { readonly actorId: number }) | undefined
}

/**
 * Deletes an account with all that belongs to it, in one batch, at a revision that its gate has issued; nothing where a
 * condition is not true at that moment, or the account is the last admin's. What stays is an event: an id and a time,
 * and who did it and from where, if that was somebody else. Returns whether it was deleted.
 */
export async function deleteAccount(
  db: Database,
  { userId, revision, passwordHash, sparesAdmins, actor }: AccountDeletion,
): Promise<boolean> {
  const conditions = and(
    passwordHash === undefined ? undefined : passwordUnchanged(passwordHash),
    sparesAdmins ? ne(users.role, 'admin') : undefined,
    isNotLastAdmin,
  )
  const user = db.select({ id: users.id }).from(users).where(userAtRevision(userId, revision))
  // Foreign keys cascade on D1 and may be off on libSQL: every table by itself.
  const [rows] = await db.batch([
    db
      .update(users)
      .set({ revision })
      .where(and(eq(users.id, userId), conditions))
      .returning({ id: users.id }),
    markForDeletionStatement(db, users, userAtRevision(userId, revision)),
    markForDeletionStatement(db, contacts, ownedByThose(user)),
    // With its pictures and files.
    ...emptyStatements(db, inArray(removed.owner_id, user)),
    db.delete(removed).where(inArray(removed.owner_id, user)),
    db.delete(versions).where(inArray(versions.owner_id, user)),
    // Groups last: what deletes them looks for their members.
    db.delete(contacts).where(and(ownedByThose(user), isNoGroup)),
    db.delete(contacts).where(ownedByThose(user)),
    db.delete(idempotencyKeys).where(inArray(idempotencyKeys.owner_id, user)),
    db.delete(accountSizes).where(inArray(accountSizes.owner_id, user)),
    db.delete(sessions).where(inArray(sessions.user_id, user)),
    db.delete(appPasswords).where(inArray(appPasswords.user_id, user)),
    db.delete(emailTokens).where(inArray(emailTokens.user_id, user)),
    db.delete(outbox).where(inArray(outbox.user_id, user)),
    db.delete(events).where(inArray(events.user_id, user)),
    insertAuditEvent(
      db,
      { kind: 'deleted', ...(actor ?? { address: null, device: null }) },
      userAtRevision(userId, revision),
    ),
    db.delete(users).where(userAtRevision(userId, revision)),
    syncRevision(db, userId, revision),
  ])
  return rows.length > 0
}

/** The condition that a password is still the one that was verified. */
export const passwordUnchanged = (verifiedHash: string): SQL => eq(users.password_hash, verifiedHash)

/** A change of an account's address to one that is free. */
interface EmailChangeStart {
  readonly userId: number
  readonly condition: SQL
  readonly newEmail: string
  readonly link: LinkLetter
  readonly notice: OutboxLetter
  readonly happening: AuditEvent
}

/**
 * Inserts a link by which an account's address changes, with the letters about it, all or nothing; nothing where
 * `condition` is not true at that moment: a link made after the password was changed would outlive what it should die
 * with. Returns the ids of the letters to deliver.
 */
export async function startEmailChange(
  db: Database,
  { userId, condition, newEmail, link, notice, happening }: EmailChangeStart,
): Promise<number[]> {
  const owner = and(eq(users.id, userId), condition)
  const [insertLink, insertLetter] = linkStatements(db, 'change-email', link, owner, newEmail)
  const [, [toNew], [toOld]] = await db.batch([
    insertLink,
    insertLetter,
    letterStatement(db, notice, owner),
    insertAuditEvent(db, happening, owner),
  ])
  return [toNew, toOld].flatMap((row) => row?.id ?? [])
}

/** A change of an account's address to one that another account has. */
interface AddressConflict {
  readonly ownerId: number
  readonly toOwner: OutboxLetter
  readonly userId: number
  readonly condition: SQL
  readonly notice: OutboxLetter
  readonly happening: AuditEvent
}

/**
 * Writes to the owner of an address that somebody wants it, and to that one the usual notice. Returns the ids of the
 * letters.
 */
export async function notifyAddressOwner(
  db: Database,
  { ownerId, toOwner, userId, condition, notice, happening }: AddressConflict,
): Promise<number[]> {
  const user = and(eq(users.id, userId), condition)
  const [[first], [second]] = await db.batch([
    letterStatement(db, toOwner, eq(users.id, ownerId)),
    letterStatement(db, notice, user),
    insertAuditEvent(db, happening, user),
  ])
  return [first, second].flatMap((row) => row?.id ?? [])
}

/**
 * Rows read at once: a page of the longest notes (20 kB each) fits an isolate's memory, and a book of 50,000 takes 100
 * queries.
 */
const pageSize = 500

const vcardPageSize = 50

/** A contact that came as a vCard. */
interface ExportedVcard {
  readonly id: number
  readonly created_at: string
  readonly card: string
  /** Its larger files: an object in JSON, by their hashes. */
  readonly parts: string
}

/** The rows of one of an account's tables, a page at a time; `read` says which follow the last one that was read. */
async function* pages<Row>(
  read: (last: Row | undefined, limit: number) => PromiseLike<Row[]>,
  size = pageSize,
): AsyncGenerator<readonly Row[]> {
  let last: Row | undefined
  while (true) {
    const rows = await read(last, size)
    if (rows.length > 0) yield rows
    last = rows.at(-1)
    if (rows.length < size) return
  }
}

/**
 * Everything that is held about an account, table by table, a page at a time. What went to an address that it asked for
 * is left out: whether a letter did, tells whether somebody else has that address.
 */
export const exportedRows = {
  // By an index: in the order of ids, each page would read the whole book and sort it.
  contacts: (db: Database, userId: number) =>
    pages<ContactRow>((last, limit) =>
      db
        .select(contactColumns)
        .from(contacts)
        .where(
          and(
            ownedBy(userId),
            isNoGroup,
            last && sql`(${contacts.created_at}, ${contacts.id}) > (${last.created_at}, ${last.id})`,
          ),
        )
        .orderBy(asc(contacts.created_at), asc(contacts.id))
        .limit(limit),
    ),
  // Fewer at once: a vCard may have a megabyte of pictures. A query for each page, not for each vCard.
  vcards: (db: Database, userId: number) =>
    pages<ExportedVcard>(
      (last, limit) =>
        db
          .select({
            id: contacts.id,
            created_at: contacts.created_at,
            card: sql<string>`${contacts.card}`.as('card'),
            parts: partsOf('contacts.id').as('parts'),
          })
          .from(contacts)
          .where(
            and(
              ownedBy(userId),
              isNotNull(contacts.card),
              last && sql`(${contacts.created_at}, ${contacts.id}) > (${last.created_at}, ${last.id})`,
            ),
          )
          .orderBy(asc(contacts.created_at), asc(contacts.id))
          .limit(limit),
      vcardPageSize,
    ),
  trash: (db: Database, userId: number) =>
    pages<TrashRow & { readonly parts: string }>(
      (last, limit) => readTrash(db, userId, last?.id ?? 0, limit),
      vcardPageSize,
    ),
  versions: (db: Database, userId: number) =>
    pages<ExportedVersion>((last, limit) => readVersions(db, userId, last, limit), vcardPageSize),
  books: (db: Database, userId: number) =>
    pages<typeof books.$inferSelect>((last, limit) =>
      db
        .select()
        .from(books)
        .where(and(eq(books.owner_id, userId), gt(books.slug, last?.slug ?? '')))
        .orderBy(asc(books.slug))
        .limit(limit),
    ),
  sessions: (db: Database, userId: number) =>
    pages<typeof sessions.$inferSelect>((last, limit) =>
      db
        .select()
        .from(sessions)
        .where(and(eq(sessions.user_id, userId), gt(sessions.id, last?.id ?? 0)))
        .orderBy(asc(sessions.id))
        .limit(limit),
    ),
  // At most 25.
  async *appPasswords(db: Database, userId: number) {
    yield await listAppPasswords(db, userId)
  },
  links: (db: Database, userId: number) =>
    pages<typeof emailTokens.$inferSelect>((last, limit) =>
      db
        .select()
        .from(emailTokens)
        .where(
          and(
            eq(emailTokens.user_id, userId),
            ne(emailTokens.purpose, 'change-email'),
            gt(emailTokens.id, last?.id ?? 0),
          ),
        )
        .orderBy(asc(emailTokens.id))
        .limit(limit),
    ),
  letters: (db: Database, userId: number) =>
    pages<typeof outbox.$inferSelect>((last, limit) =>
      db
        .select()
        .from(outbox)
        .where(and(eq(outbox.user_id, userId), inArray(outbox.kind, exportedLetterKinds), gt(outbox.id, last?.id ?? 0)))
        .orderBy(asc(outbox.id))
        .limit(limit),
    ),
  events: (db: Database, userId: number) =>
    pages<EventRow>((last, limit) =>
      db
        .select(eventColumns)
        .from(events)
        .where(and(eq(events.user_id, userId), gt(events.number, last?.id ?? 0)))
        .orderBy(asc(events.number))
        .limit(limit),
    ),
}
