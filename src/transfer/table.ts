import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'
import { duplicateRules, importFormats, importOutcomes, importStates, undoOutcomes } from './outcomes.ts'

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
    /** What pieces of a CSV file need besides their rows, in JSON: the header, its columns, the order of dates. */
    layout: text('layout'),
    /** How many cards the file has, and how many of them are done, or undone. */
    total: integer('total').notNull(),
    done: integer('done').notNull().default(0),
    undone: integer('undone').notNull().default(0),
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

/** Parts of the files of unfinished imports, of 512 KB at most. */
export const importPieces = sqliteTable(
  'import_pieces',
  {
    import_id: integer('import_id')
      .notNull()
      .references(() => imports.id, { onDelete: 'cascade' }),
    /** The position in the file of its first card, from 0. */
    position: integer('position').notNull(),
    /** The line of the file at which the piece begins. */
    line: integer('line').notNull(),
    content: text('content').notNull(),
  },
  (table) => [primaryKey({ columns: [table.import_id, table.position] })],
)

/** What an import did with each card of its file. */
export const importEntries = sqliteTable(
  'import_entries',
  {
    import_id: integer('import_id')
      .notNull()
      .references(() => imports.id, { onDelete: 'cascade' }),
    /** The position of the card in the file, from 0. */
    position: integer('position').notNull(),
    owner_id: integer('owner_id').notNull(),
    /** The line at which the card begins, from 1. */
    line: integer('line').notNull(),
    outcome: text('outcome', { enum: importOutcomes }).notNull(),
    contact_id: integer('contact_id'),
    /** The revision of the contact after the import. */
    revision: integer('revision'),
    /** A digest of what the card says, by which the same card is found again; null if it was refused. */
    digest: text('digest'),
    /** The UID of the card; null if it has none. */
    uid: text('uid'),
    /** A sentence for the person who imports, in JSON with what it refers to. */
    detail: text('detail'),
    undo: text('undo', { enum: undoOutcomes }),
  },
  (table) => [
    primaryKey({ columns: [table.import_id, table.position] }),
    index('import_entries_by_digest').on(table.owner_id, table.digest).where(sql`contact_id IS NOT NULL`),
  ],
)
