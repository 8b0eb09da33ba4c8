import { and, desc, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import { insertAuditEvent } from '../audit/store.ts'
import { deletionStatements } from '../batch/store.ts'
import { type Author, parseAuthor } from '../books/author.ts'
import { isRefused, lastNumber, requireStatement, unchangedStatement } from '../books/numbers-store.ts'
import { ownedBy } from '../contacts/scope.ts'
import { contacts, type StoredRow, storedColumns } from '../contacts/table.ts'
import { readStoredContact, type StoredContact } from '../history/stored-contact.ts'
import { versions } from '../history/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { users } from '../users/table.ts'
import { type ImportRow, toImportRow } from './import-store.ts'
import { type UndoOutcome, undoOutcomes } from './schema.ts'
import { importEntries, imports } from './table.ts'
import { type ContactWrite, contactStatements } from './write-store.ts'

/** How many entries an undo reads at a time. */
const undoSize = 50

/** What an import did with one contact, perhaps by several cards. */
export interface ImportedContact {
  readonly id: number
  /** The revision of the contact after the first card, and after the last one. */
  readonly firstRevision: number
  readonly lastRevision: number
  readonly wasAdded: boolean
  readonly lines: readonly number[]
}

/** The next contacts of an import to undo. */
export interface UndoPiece {
  /** The line of the last entry that was read; undefined if none is left after it. */
  readonly reached: number | undefined
  readonly number: number
  readonly contacts: readonly ImportedContact[]
  /** The contacts as they are now, by id. */
  readonly rows: ReadonlyMap<number, StoredRow>
  /** The revision of the newest version of a contact, by id; it is missing if there is none. */
  readonly newestVersions: ReadonlyMap<number, number>
  /** Contacts that somebody else changed between two cards of the import. */
  readonly changedBetween: ReadonlySet<number>
  /** The contacts as they were before the import, by id. */
  readonly before: ReadonlyMap<number, StoredContact>
}

/** Reads the next contacts of an import to undo, from the end of its file; undefined if the owner is gone. */
export async function findUndoPiece(db: Database, ownerId: number, row: ImportRow): Promise<UndoPiece | undefined> {
  const entries = await db
    .select({ line: importEntries.line, contact_id: importEntries.contact_id })
    .from(importEntries)
    .where(
      and(
        eq(importEntries.import_id, row.id),
        isNotNull(importEntries.revision),
        isNull(importEntries.undo),
        row.undone_to === null ? undefined : lt(importEntries.line, row.undone_to),
      ),
    )
    .orderBy(desc(importEntries.line))
    .limit(undoSize)
  const ids = JSON.stringify([...new Set(entries.map(({ contact_id }) => contact_id))])
  const wanted = sql`json_each(${ids}) AS wanted`
  const [[state], all, rows, newest, between, former] = await db.batch([
    db
      .select({ number: lastNumber(ownerId).as('number') })
      .from(users)
      .where(eq(users.id, ownerId)),
    db
      .select({
        line: importEntries.line,
        id: sql<number>`wanted.value`.as('wanted'),
        revision: sql<number>`revision`,
        outcome: importEntries.outcome,
      })
      .from(wanted)
      .crossJoin(importEntries)
      .where(
        and(
          eq(importEntries.import_id, row.id),
          sql`contact_id = wanted.value AND revision IS NOT NULL`,
          isNull(importEntries.undo),
        ),
      )
      .orderBy(importEntries.line),
    db
      .select(storedColumns)
      .from(wanted)
      .crossJoin(contacts)
      .where(and(ownedBy(ownerId), sql`${contacts.id} = wanted.value`)),
    db
      .select({ id: versions.contact_id, revision: sql<number>`max(${versions.revision})` })
      .from(wanted)
      .crossJoin(versions)
      .where(and(eq(versions.owner_id, ownerId), sql`${versions.contact_id} = wanted.value`))
      .groupBy(versions.contact_id),
    db
      .select({ id: versions.contact_id })
      .from(wanted)
      .crossJoin(versions)
      .where(
        and(
          eq(versions.owner_id, ownerId),
          sql`${versions.contact_id} = wanted.value AND ${versions.revision} >= (
            SELECT min(revision) FROM import_entries
            WHERE import_id = ${row.id} AND contact_id = wanted.value AND revision IS NOT NULL
          )`,
          // By whom the next version was made.
          sql`(${versions.changed_by} ->> 'kind', ${versions.changed_by} ->> 'id') IS NOT ('import', ${row.id})`,
        ),
      ),
    db
      .select({
        ...{ id: versions.contact_id, content: versions.content },
        book: sql<string>`''`.as('book'),
        book_uid: sql<string>`''`.as('book_uid'),
      })
      .from(wanted)
      .crossJoin(versions)
      .where(
        and(
          eq(versions.owner_id, ownerId),
          sql`${versions.contact_id} = wanted.value AND ${versions.revision} = (
            SELECT min(revision) - 1 FROM import_entries
            WHERE import_id = ${row.id} AND contact_id = wanted.value AND revision IS NOT NULL
          )`,
        ),
      ),
  ])
  if (!state) return undefined
  const lines = new Map<number, (typeof all)[number][]>()
  for (const entry of all) lines.set(entry.id, [...(lines.get(entry.id) ?? []), entry])
  return {
    reached: entries.length < undoSize ? undefined : entries.at(-1)?.line,
    number: state.number,
    contacts: [...lines].map(([id, ofContact]) => ({
      id,
      firstRevision: ofContact[0]?.revision ?? 0,
      lastRevision: ofContact.at(-1)?.revision ?? 0,
      wasAdded: ofContact[0]?.outcome === 'added',
      lines: ofContact.map(({ line }) => line),
    })),
    rows: new Map(rows.map((contact) => [contact.id, contact])),
    newestVersions: new Map(newest.map(({ id, revision }) => [id, revision])),
    changedBetween: new Set(between.map(({ id }) => id)),
    before: new Map(
      former.map(({ id, content, ...surroundings }) => [id, readStoredContact({ id, ...surroundings }, content)]),
    ),
  }
}

const undoneEvent = ({ id, created_by }: ImportRow) => ({
  ...{ kind: 'import-undone' as const, device: parseAuthor(created_by)?.name ?? null, address: null },
  detail: `import ${id}`,
})

/** A piece of an undo, to be written as a whole. */
export interface UndoWrite {
  readonly row: ImportRow
  readonly piece: UndoPiece
  /** Contacts that the import added, to be moved to the trash. Their change numbers follow those of `writes`. */
  readonly deletions: readonly { readonly id: number }[]
  /** Contacts that the import changed, as they were before. */
  readonly writes: readonly ContactWrite[]
  readonly outcomes: readonly { readonly line: number; readonly undo: UndoOutcome }[]
  readonly author: Author
}

/**
 * Writes a piece of an undo, all or nothing. Returns the import as it is then; undefined, with nothing written, if any
 * of the owner's contacts changed since the piece was read, or another request has done the piece.
 */
export async function writeUndo(
  db: Database,
  { row, piece, deletions, writes, outcomes, author }: UndoWrite,
): Promise<ImportRow | undefined> {
  const { owner_id: ownerId, id } = row
  const isNext = sql`EXISTS (SELECT 1 FROM imports WHERE id = ${id} AND state = 'undoing'
    AND undone_to IS ${row.undone_to})`
  const isDone = piece.reached === undefined
  try {
    const [, , [undone]] = await db.batch([
      unchangedStatement(db, ownerId, piece.number),
      requireStatement(db, isNext),
      db
        .update(imports)
        .set({
          ...{ undone_to: piece.reached ?? row.undone_to, updated_at: timestamp() },
          state: isDone ? 'undone' : 'undoing',
        })
        .where(eq(imports.id, id))
        .returning(),
      ...contactStatements(db, ownerId, writes, author),
      ...(deletions.length > 0 ? deletionStatements(db, ownerId, JSON.stringify(deletions), author) : []),
      ...undoOutcomes.map((undo) => {
        const lines = JSON.stringify(outcomes.flatMap((one) => (one.undo === undo ? one.line : [])))
        // By IN, so that SQLite looks up each line: for a join it would read the whole report.
        const isOne = sql`${importEntries.line} IN (SELECT value FROM json_each(${lines}))`
        return db
          .update(importEntries)
          .set({ undo })
          .where(and(eq(importEntries.import_id, id), isOne))
      }),
      ...(isDone ? [insertAuditEvent(db, undoneEvent(row), eq(users.id, ownerId))] : []),
    ])
    return undone && toImportRow(undone)
  } catch (error) {
    if (isRefused(error)) return undefined
    throw error
  }
}
