import { and, eq, sql } from 'drizzle-orm'
import { insertAuditEvent } from '../audit/store.ts'
import { type Author, parseAuthor } from '../books/author.ts'
import { isRefused, requireStatement, unchangedStatement } from '../books/numbers-store.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { columnsIn, jsonOf, selectAsRow } from '../platform/db/rows.ts'
import { users } from '../users/table.ts'
import { addCounts, describeCounts } from './counts.ts'
import { type EntryRow, type ImportRow, type Piece, toImportRow } from './import-store.ts'
import { importEntries, importPieces, imports } from './table.ts'
import { type ContactWrite, contactStatements, idAt, type Place } from './write-store.ts'

/** What an import did with a card. A contact that is added has no id before the write. */
export type Entry = Omit<EntryRow, 'undo'> & { readonly digest: string | null; readonly uid: string | null } & {
  /** The place of a contact that the write adds; undefined for any other. */
  readonly place?: Place | undefined
}

/** A piece of an import, to be written as a whole. */
export interface PieceWrite {
  readonly ownerId: number
  readonly row: ImportRow
  readonly piece: Piece
  /** The owner's newest change number when the piece was planned. */
  readonly number: number
  readonly writes: readonly ContactWrite[]
  readonly entries: readonly Entry[]
  readonly author: Author
}

/**
 * Writes a piece of an import with its report, all or nothing. Returns the import with that report: the write is the
 * last query, so that no failure after it hides what was done. Returns undefined, with nothing written, if
 * any of the owner's contacts changed since the piece was planned, or another request has done the piece.
 */
export async function writePiece(
  db: Database,
  { ownerId, row, piece, number, writes, entries, author }: PieceWrite,
): Promise<{ readonly row: ImportRow; readonly entries: readonly EntryRow[] } | undefined> {
  const here = and(eq(importPieces.import_id, row.id), eq(importPieces.line, piece.line))
  const isHere = sql`EXISTS (SELECT 1 FROM import_pieces WHERE import_id = ${row.id} AND line = ${piece.line}
    AND content = ${JSON.stringify(piece.units)})`
  const rest = piece.units.slice(entries.length)
  const [first] = rest
  const counts = addCounts(
    row.counts,
    entries.map(({ outcome }) => outcome),
  )
  const isLast = sql`NOT EXISTS (SELECT 1 FROM import_pieces WHERE import_id = ${row.id})`
  const stored = entries.map(({ place, ...entry }) => ({ ...place, ...entry }))
  try {
    const [, , , [present], ...results] = await db.batch([
      unchangedStatement(db, ownerId, number),
      requireStatement(db, isHere),
      first
        ? db
            .update(importPieces)
            .set({ line: first[0], content: JSON.stringify(rest) })
            .where(here)
        : db.delete(importPieces).where(here),
      db
        .update(imports)
        .set({
          ...{ done: row.done + entries.length, counts: JSON.stringify(counts), updated_at: timestamp() },
          state: sql`iif(${isLast}, 'done', 'running')`,
        })
        .where(eq(imports.id, row.id))
        .returning(),
      ...contactStatements(db, ownerId, writes, author),
      ...jsonOf(stored).map((json) => entryStatement(db, ownerId, row.id, json)),
      // A dry run leaves no event.
      ...(row.dry_run
        ? []
        : [
            insertAuditEvent(
              db,
              { kind: 'import-done', ...originOf(row), detail: describeCounts(counts) },
              and(eq(users.id, ownerId), isLast),
            ),
          ]),
    ])
    if (!present) return undefined
    const written = results.flat() as readonly { readonly line?: number; readonly contact_id?: number | null }[]
    const ids = new Map(written.flatMap(({ line, contact_id }) => (line === undefined ? [] : [[line, contact_id]])))
    const report = entries.map(({ place: _, digest: __, uid: ___, ...entry }) => ({
      ...{ ...entry, contact_id: ids.get(entry.line) ?? entry.contact_id },
      undo: null,
    }))
    return { row: toImportRow(present), entries: report }
  } catch (error) {
    if (isRefused(error)) return undefined
    throw error
  }
}

/** The device that sent a file. The event has no address, because a cron job may finish the import. */
const originOf = ({ created_by }: ImportRow) => ({ device: parseAuthor(created_by)?.name ?? null, address: null })

const entryColumns = ['line', 'outcome', 'revision', 'digest', 'uid', 'detail', 'duplicate_of'] as const

/** Inserts the report of a piece. The contact of an entry is named by its id or its place in the batch. */
const entryStatement = (db: Database, ownerId: number, importId: number, json: string) =>
  db
    .insert(importEntries)
    .select(
      db
        .select(
          selectAsRow(importEntries, {
            ...columnsIn(entryColumns, 'entry'),
            ...{ import_id: importId, owner_id: ownerId },
            contact_id: sql`coalesce(entry.value ->> 'contact_id', iif(entry.value ->> 'after' IS NULL, NULL,
              ${idAt('entry')}))`,
          }),
        )
        .from(sql`json_each(${json}) AS entry`),
    )
    .returning({ line: importEntries.line, contact_id: importEntries.contact_id })
