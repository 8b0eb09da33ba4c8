import { and, asc, eq, gt, inArray, isNotNull, ne, type SQL, sql } from 'drizzle-orm'
import { type AuditEvent, type Client, insertAuditEvent } from '../audit/store.ts'
import { type EventRow, eventColumns, events } from '../audit/table.ts'
import { listAppPasswords } from '../auth/app-password-store.ts'
import { type LinkLetter, letterStatement, linkStatements } from '../auth/email-token-store.ts'
import { exportedLetterKinds } from '../auth/letter-kinds.ts'
import { appPasswords, emailTokens, sessions } from '../auth/table.ts'
import { digestKind } from '../birthdays/letter-kinds.ts'
import { books, removed } from '../books/table.ts'
import { emptyStatements } from '../books/trash-store.ts'
import { partsOf } from '../contacts/parts-store.ts'
import { isNoGroup, ownedBy, ownedByThose } from '../contacts/scope.ts'
import {
  accountSizes,
  type ContactRow,
  contactColumns,
  contacts,
  idempotencyKeys,
  storedColumns,
} from '../contacts/table.ts'
import { versions } from '../history/table.ts'
import { readTrash, type TrashRow } from '../history/trash-store.ts'
import { type ExportedVersion, readVersions } from '../history/versions-store.ts'
import { type DistinctPair, readPairs } from '../merge/duplicates-store.ts'
import { distinctPairs } from '../merge/table.ts'
import type { Database } from '../platform/db/database.ts'
import { pages as pagesOf } from '../platform/db/pages.ts'
import type { OutboxLetter } from '../platform/mail/outbox-store.ts'
import { outbox } from '../platform/mail/table.ts'
import { markForDeletionStatement } from '../platform/pictures/deletion-store.ts'
import { type ImportRow, readImports } from '../transfer/import-store.ts'
import { importEntries, importPieces, imports } from '../transfer/table.ts'
import { isNotLastAdmin, syncRevision, userAtRevision } from '../users/store.ts'
import { users } from '../users/table.ts'

/** Which account to delete, and under which conditions. */
interface AccountDeletion {
  readonly userId: number
  readonly revision: number
  /** The password hash that the account must have; undefined for any. */
  readonly passwordHash: string | undefined
  /** Whether an admin's account must not be deleted. */
  readonly sparesAdmins: boolean
  /** Who deletes it, if that is not its owner. */
  readonly actor: (Client & { readonly actorId: number }) | undefined
}

/**
 * Deletes an account with all its data, in one batch, at a revision that its gate has issued. Deletes nothing if a
 * condition is false at that moment, or the account is the last admin's. Leaves one event: an id and a time and, if
 * somebody else did it, who and from where. Returns whether the account was deleted.
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
  const importsOf = db.select({ id: imports.id }).from(imports).where(inArray(imports.owner_id, user))
  // Foreign keys cascade on D1 and may be off on libSQL, so every table is listed.
  const [rows] = await db.batch([
    db
      .update(users)
      .set({ revision })
      .where(and(eq(users.id, userId), conditions))
      .returning({ id: users.id }),
    markForDeletionStatement(db, users, userAtRevision(userId, revision)),
    markForDeletionStatement(db, contacts, ownedByThose(user)),
    // With their pictures and files.
    ...emptyStatements(db, inArray(removed.owner_id, user)),
    db.delete(versions).where(inArray(versions.owner_id, user)),
    // Groups last, because the trigger that deletes their memberships looks for their members.
    db.delete(contacts).where(and(ownedByThose(user), isNoGroup)),
    db.delete(contacts).where(ownedByThose(user)),
    // After contacts: a trigger leaves word of each here.
    db.delete(removed).where(inArray(removed.owner_id, user)),
    db.delete(importPieces).where(inArray(importPieces.import_id, importsOf)),
    db.delete(importEntries).where(inArray(importEntries.import_id, importsOf)),
    db.delete(imports).where(inArray(imports.owner_id, user)),
    db.delete(distinctPairs).where(inArray(distinctPairs.owner_id, user)),
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

/** The condition that the password is still the one that was verified. */
export const passwordUnchanged = (verifiedHash: string): SQL => eq(users.password_hash, verifiedHash)

/** A change of an account's e-mail to an address that no account has. */
interface EmailChangeStart {
  readonly userId: number
  readonly condition: SQL
  readonly newEmail: string
  readonly link: LinkLetter
  readonly notice: OutboxLetter
  readonly happening: AuditEvent
}

/**
 * Inserts a link to change an account's e-mail, and the letters about it, all or nothing. Inserts nothing if
 * `condition` is false at that moment: a link that is created after a change of the password would escape its
 * cancellation. Returns the ids of the letters to deliver.
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

/** A change of an account's e-mail to an address that another account has. */
interface AddressConflict {
  readonly ownerId: number
  readonly toOwner: OutboxLetter
  readonly userId: number
  readonly condition: SQL
  readonly notice: OutboxLetter
  readonly happening: AuditEvent
}

/**
 * Inserts a notice to the owner of the address, and the usual notice to the account. Returns the ids of the letters.
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
 * Rows of one query: a page of the longest notes (20 kB each) fits an isolate's memory, and a book of 50,000 takes 100
 * queries.
 */
const pageSize = 500

const vcardPageSize = 50

/** The kinds of letters that an export lists. */
const exportedKinds = [...exportedLetterKinds, digestKind]

const pages = <Row>(read: (last: Row | undefined, limit: number) => PromiseLike<Row[]>, size = pageSize) =>
  pagesOf(read, size)

/** A contact's vCard. */
interface ExportedVcard {
  readonly id: number
  readonly created_at: string
  readonly card: string
  /** Its large files: a JSON object, by their hashes. */
  readonly parts: string
}

/**
 * Reads all data of an account, table by table, one page at a time. Letters to an address that the owner only requested
 * are left out: whether one was sent would show whether another account has that address.
 */
export const exportedRows = {
  // In the order of an index: in the order of ids, each page would read and sort the whole book.
  contacts: (db: Database, userId: number) =>
    pages<ContactRow & { readonly book: string }>((last, limit) =>
      db
        .select({ ...contactColumns, book: storedColumns.book })
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
  // Fewer at once, because a vCard may have a megabyte of pictures. One query for each page, not for each vCard.
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
  distinct: (db: Database, userId: number) => pages<DistinctPair>((last, limit) => readPairs(db, userId, last, limit)),
  imports: (db: Database, userId: number) =>
    pages<ImportRow>((last, limit) => readImports(db, userId, last?.id ?? 0, limit)),
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
        .where(and(eq(outbox.user_id, userId), inArray(outbox.kind, exportedKinds), gt(outbox.id, last?.id ?? 0)))
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
