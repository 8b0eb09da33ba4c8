import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'
import { duplicateRules, importFormats, importOutcomes, importStates, undoOutcomes } from './schema.ts'

/** Imports of files. The file itself is in pieces, until all of its cards are done. */
export const imports = sqliteTable(
  'imports',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    owner_id: integer('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    state: text('state', { enum: importStates }).notNull(),
    /** Whether it only reports what it would do. */
    dry_run: integer('dry_run', { mode: 'boolean' }).notNull(),
    format: text('format', { enum: importFormats }).notNull(),
    /** The slug of the book that contacts are added to. */
    book: text('book').notNull(),
    /** What to do with a card of a person who seems to be in the books already. */
    duplicates: text('duplicates', { enum: duplicateRules }).notNull(),
    /** The encoding in which the file was read. */
    charset: text('charset').notNull(),
    /** What the rows of a CSV file need besides: the header, its columns, the order of dates, in JSON. */
    layout: text('layout'),
    /** The highest id of a contact before the import: cards are compared with these contacts for duplicates. */
    last_contact: integer('last_contact').notNull(),
    /** How many cards the file has, and how many of them are done. */
    total: integer('total').notNull(),
    done: integer('done').notNull().default(0),
    /** How many cards had each outcome, in JSON. */
    counts: text('counts').notNull(),
    /** The line of the last entry that an undo has reached, from the end of the file; null before an undo. */
    undone_to: integer('undone_to'),
    /** Who sent the file, in JSON (books/author.ts). */
    created_by: text('created_by').notNull(),
    created_at: timestampColumn('created_at').notNull(),
    /** When a request last went on with it. The cron goes on with an import that no request goes on with. */
    updated_at: timestampColumn('updated_at').notNull(),
  },
  (table) => [
    index('imports_by_owner').on(table.owner_id, table.id),
    index('imports_unfinished').on(table.updated_at).where(sql`state IN ('running', 'undoing')`),
    index('imports_by_age').on(table.created_at),
  ],
)

/** Parts of the files of unfinished imports, of 512 KB at most, or a single card. A part is deleted once it is done. */
export const importPieces = sqliteTable(
  'import_pieces',
  {
    import_id: integer('import_id')
      .notNull()
      .references(() => imports.id, { onDelete: 'cascade' }),
    owner_id: integer('owner_id').notNull(),
    /** The line of the file at which the piece begins. */
    line: integer('line').notNull(),
    /** Its cards, or rows of CSV, in JSON (units.ts). */
    content: text('content').notNull(),
  },
  (table) => [primaryKey({ columns: [table.import_id, table.line] })],
)

/** What an import did with each card of its file. */
export const importEntries = sqliteTable(
  'import_entries',
  {
    import_id: integer('import_id')
      .notNull()
      .references(() => imports.id, { onDelete: 'cascade' }),
    /** The line at which the card begins, from 1. */
    line: integer('line').notNull(),
    owner_id: integer('owner_id').notNull(),
    outcome: text('outcome', { enum: importOutcomes }).notNull(),
    contact_id: integer('contact_id'),
    /** The revision of the contact after the import; null if the import did not change it. */
    revision: integer('revision'),
    /** A digest of the card, by which the same card is found again; null if it was refused. */
    digest: text('digest'),
    /** The UID of the card, in a dry run only: there, no contact has it yet. */
    uid: text('uid'),
    /** A sentence for the person who imports; null if there is nothing to say. */
    detail: text('detail'),
    /** The contact that seems to be the same person. */
    duplicate_of: integer('duplicate_of'),
    undo: text('undo', { enum: undoOutcomes }),
  },
  (table) => [
    primaryKey({ columns: [table.import_id, table.line] }),
    index('import_entries_by_digest').on(table.owner_id, table.digest).where(sql`digest IS NOT NULL`),
    index('import_entries_by_contact').on(table.import_id, table.contact_id).where(sql`revision IS NOT NULL`),
    index('import_entries_by_uid').on(table.import_id, table.uid).where(sql`uid IS NOT NULL`),
  ],
)
