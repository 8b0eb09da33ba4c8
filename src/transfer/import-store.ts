import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import { type Author, serializeAuthor } from '../books/author.ts'
import { isRefused, requireStatement } from '../books/numbers-store.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { columnsIn, jsonOf, selectAsRow } from '../platform/db/rows.ts'
import type { Cursor, Page, PageQuery } from '../platform/http/page.ts'
import { users } from '../users/table.ts'
import { type Counts, noCounts, parseCounts } from './counts.ts'
import type { SplitFile } from './file.ts'
import type { DuplicateRule, ImportState } from './schema.ts'
import { importEntries, importPieces, imports } from './table.ts'
import { dividePieces, type Unit } from './units.ts'

/** An import, as it is stored. */
export type ImportRow = Omit<typeof imports.$inferSelect, 'counts'> & { readonly counts: Counts }

/** What an import did with a card. */
export type EntryRow = Omit<typeof importEntries.$inferSelect, 'import_id' | 'owner_id' | 'digest' | 'uid'>

/** An import to be started. */
export interface NewImport {
  readonly file: SplitFile
  readonly isDryRun: boolean
  readonly book: string
  readonly duplicates: DuplicateRule
  readonly author: Author
  /** How many imports of the owner may be unfinished: it is inserted if there are fewer. */
  readonly maxUnfinished: number
}

const isUnfinished = sql`state IN ('running', 'undoing')`

const ownImport = (ownerId: number, id: number) => and(eq(imports.owner_id, ownerId), eq(imports.id, id))

/** Parses a row of the table. */
export const toImportRow = ({ counts, ...row }: typeof imports.$inferSelect): ImportRow => ({
  ...row,
  counts: parseCounts(counts),
})

/** Stores a file in pieces, to be imported. Returns undefined if the owner is gone, or has too many unfinished ones. */
export async function insertImport(
  db: Database,
  ownerId: number,
  { file, isDryRun, book, duplicates, author, maxUnfinished }: NewImport,
): Promise<ImportRow | undefined> {
  const now = timestamp()
  const row = selectAsRow(imports, {
    ...{ owner_id: ownerId, state: 'running', dry_run: isDryRun, format: file.format, book, duplicates },
    ...{ charset: file.charset, layout: file.layout, total: file.units.length, counts: JSON.stringify(noCounts) },
    last_contact: sql`coalesce((SELECT max(contacts.id) FROM contacts), 0)`,
    ...{ created_by: serializeAuthor(author), created_at: now, updated_at: now },
  })
  const hasRoom = sql`(SELECT count(*) FROM imports WHERE owner_id = ${ownerId} AND ${isUnfinished}) < ${maxUnfinished}`
  const pieces = dividePieces(file.units).map((piece) => ({ line: piece[0]?.[0] ?? 0, content: JSON.stringify(piece) }))
  const statements = [
    db
      .insert(imports)
      .select(db.select(row).from(users).where(eq(users.id, ownerId)))
      .returning(),
    ...jsonOf(pieces).map((json) =>
      db.insert(importPieces).select(
        db
          .select(
            selectAsRow(importPieces, {
              ...{ import_id: sql`${imports.id}`, owner_id: ownerId },
              ...columnsIn(['line', 'content'], 'piece'),
            }),
          )
          .from(sql`json_each(${json}) AS piece`)
          .innerJoin(imports, and(eq(imports.owner_id, ownerId), sql`${imports.id} = (SELECT max(id) FROM imports)`)),
      ),
    ),
  ] as const
  try {
    const [, [inserted]] = await db.batch([requireStatement(db, hasRoom), ...statements])
    return inserted && toImportRow(inserted)
  } catch (error) {
    if (isRefused(error)) return undefined
    throw error
  }
}

/** Finds an import of an owner. */
export async function findImport(db: Database, ownerId: number, id: number): Promise<ImportRow | undefined> {
  const [row] = await db.select().from(imports).where(ownImport(ownerId, id))
  return row && toImportRow(row)
}

/** Finds the imports of an owner that are not finished: their ids. */
export async function findUnfinished(db: Database, ownerId: number): Promise<number[]> {
  const rows = await db
    .select({ id: imports.id })
    .from(imports)
    .where(and(eq(imports.owner_id, ownerId), isUnfinished))
    .orderBy(asc(imports.id))
  return rows.map(({ id }) => id)
}

/** Lists the imports of an owner, newest first. */
export async function listImports(db: Database, ownerId: number, limit: number): Promise<ImportRow[]> {
  const rows = await db
    .select()
    .from(imports)
    .where(eq(imports.owner_id, ownerId))
    .orderBy(desc(imports.id))
    .limit(limit)
  return rows.map(toImportRow)
}

/** Reads the imports of an owner after an id, oldest first. */
export async function readImports(db: Database, ownerId: number, after: number, limit: number): Promise<ImportRow[]> {
  const rows = await db
    .select()
    .from(imports)
    .where(and(eq(imports.owner_id, ownerId), gt(imports.id, after)))
    .orderBy(asc(imports.id))
    .limit(limit)
  return rows.map(toImportRow)
}

/** A piece of a file that is not imported yet. */
export interface Piece {
  readonly line: number
  readonly units: readonly Unit[]
}

/** Finds the first piece of an import that is not done; undefined if all are. */
export async function findPiece(db: Database, importId: number): Promise<Piece | undefined> {
  const [row] = await db
    .select()
    .from(importPieces)
    .where(eq(importPieces.import_id, importId))
    .orderBy(asc(importPieces.line))
    .limit(1)
  return row && { line: row.line, units: JSON.parse(row.content) as Unit[] }
}

const entryColumns = {
  line: importEntries.line,
  outcome: importEntries.outcome,
  contact_id: importEntries.contact_id,
  revision: importEntries.revision,
  detail: importEntries.detail,
  duplicate_of: importEntries.duplicate_of,
  undo: importEntries.undo,
}

/** Lists what an import did with each card, in the order of the file, one page at a time. */
export async function listEntries(
  db: Database,
  importId: number,
  { limit }: PageQuery,
  cursor: Cursor | null,
): Promise<Page<EntryRow>> {
  const all = await db
    .select(entryColumns)
    .from(importEntries)
    .where(and(eq(importEntries.import_id, importId), cursor ? gt(importEntries.line, cursor.id) : undefined))
    .orderBy(asc(importEntries.line))
    .limit(limit + 1)
  const rows = all.filter((_, at) => at < limit)
  const last = rows.at(-1)
  return { rows, next: last && all.length > limit ? { sort: 'report', key: '', id: last.line } : null, total: null }
}

/**
 * Takes the import that no request has gone on with for a minute and that has waited longest. It then waits from now,
 * so that one that always fails does not keep the others waiting. Undefined if there is none.
 */
export async function takeAbandoned(db: Database): Promise<ImportRow | undefined> {
  const now = Date.now()
  const waiting = sql`SELECT imports.id FROM imports JOIN users ON users.id = imports.owner_id AND users.disabled = 0
    WHERE imports.state IN ('running', 'undoing') AND imports.updated_at < ${timestamp(now - 60_000)}
    ORDER BY imports.updated_at LIMIT 1`
  const [row] = await db
    .update(imports)
    .set({ updated_at: timestamp(now) })
    .where(sql`${imports.id} = (${waiting})`)
    .returning()
  return row && toImportRow(row)
}

/** Sets the state of an import, if it has another one; returns whether it had. */
export async function setImportState(
  db: Database,
  ownerId: number,
  id: number,
  from: ImportState,
  to: ImportState,
): Promise<boolean> {
  const rows = await db
    .update(imports)
    .set({ state: to, updated_at: timestamp() })
    .where(and(ownImport(ownerId, id), eq(imports.state, from)))
    .returning({ id: imports.id })
  return rows.length > 0
}

/** How long an import can be undone, and how long a file waits to be imported. */
const reportDays = 30
const fileDays = 7
/** How long it is remembered that there was an import. */
const importDays = 90
/** How many imports of an owner have a report, and how many dry runs. */
export const reportedImports = 20

/** Deletes the reports and the files of old imports. Runs every hour (cron). */
export async function sweepImports(db: Database): Promise<void> {
  const before = (days: number): string => timestamp(Date.now() - days * 86_400_000)
  const old = sql`(SELECT id FROM imports WHERE created_at < ${before(reportDays)} AND state <> 'expired' LIMIT 10)`
  const late = sql`(SELECT id FROM imports WHERE state = 'running' AND created_at < ${before(fileDays)} LIMIT 10)`
  await db.batch([
    db.delete(importEntries).where(sql`import_id IN ${old}`),
    db.delete(importPieces).where(sql`import_id IN ${old} OR import_id IN ${late}`),
    db.update(imports).set({ state: 'done' }).where(sql`id IN ${late}`),
    db.update(imports).set({ state: 'expired' }).where(sql`id IN ${old}`),
    db.delete(imports).where(lt(imports.created_at, before(importDays))),
  ])
}

/**
 * For an import that begins: deletes the reports of all but the newest imports of its owner. Dry runs are counted
 * apart, so that no number of them takes away that an import can be undone.
 */
export async function expireImports(db: Database, ownerId: number): Promise<void> {
  const newest = sql`(SELECT id, row_number() OVER (PARTITION BY dry_run ORDER BY id DESC) AS place
    FROM imports WHERE owner_id = ${ownerId})`
  const old = sql`(SELECT id FROM imports WHERE owner_id = ${ownerId} AND state <> 'expired'
    AND id IN (SELECT id FROM ${newest} WHERE place > ${reportedImports}))`
  await db.batch([
    db.delete(importEntries).where(sql`import_id IN ${old}`),
    db.delete(importPieces).where(sql`import_id IN ${old}`),
    db.update(imports).set({ state: 'expired' }).where(sql`id IN ${old}`),
  ])
}
