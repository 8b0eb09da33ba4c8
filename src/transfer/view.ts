import type { z } from 'zod'
import { parseAuthor } from '../books/author.ts'
import type { EntryRow, ImportRow } from './import-store.ts'
import type { importReportSchema, importSchema } from './schema.ts'

/** An import in the form of the response. */
export const toImport = (row: ImportRow): z.infer<typeof importSchema> => ({
  id: row.id,
  state: row.state,
  dry_run: row.dry_run,
  format: row.format,
  charset: row.charset,
  book: row.book,
  duplicates: row.duplicates,
  done: row.done,
  total: row.total,
  counts: row.counts,
  created_by: parseAuthor(row.created_by),
  created_at: row.created_at,
})

/** An import with entries of its report, in the form of the response. */
export const toReport = (row: ImportRow, entries: readonly EntryRow[]): z.infer<typeof importReportSchema> => ({
  ...toImport(row),
  report: entries.map(({ line, outcome, contact_id, duplicate_of, detail, undo }) => ({
    ...{ line, outcome, contact_id, duplicate_of, detail, undo },
  })),
})
