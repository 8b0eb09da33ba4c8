import { z } from 'zod'
import { authorSchema, slugSchema } from '../books/schema.ts'
import { flag, idInPath, pageQuery, text, whole } from '../platform/text/fields.ts'

/** The formats of files that can be imported. */
export const importFormats = ['vcard', 'csv'] as const

/**
 * The states of an import. `running` and `undoing` mean that cards are left, with which the next request or the cron
 * goes on. `expired` means that its report was deleted because of its age.
 */
export const importStates = ['running', 'done', 'undoing', 'undone', 'expired'] as const

/** What an import did with a card. */
export const importOutcomes = ['added', 'updated', 'unchanged', 'merged', 'skipped', 'refused'] as const

/** What an undo did with the contact of a card. */
export const undoOutcomes = ['undone', 'changed-since'] as const

/** What to do with a card of a person who seems to be in the books already. */
export const duplicateRules = ['add', 'merge', 'skip'] as const

export type ImportFormat = (typeof importFormats)[number]
export type ImportState = (typeof importStates)[number]
export type ImportOutcome = (typeof importOutcomes)[number]
export type UndoOutcome = (typeof undoOutcomes)[number]
export type DuplicateRule = (typeof duplicateRules)[number]

const count = z.int().min(0)

/** How many cards of a file had each outcome. */
export const countsSchema = z.object({
  ...(Object.fromEntries(importOutcomes.map((outcome) => [outcome, count])) as Record<ImportOutcome, typeof count>),
})

/** Whether the runtime can decode an encoding. */
function isEncoding(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== ''
  } catch {
    return false
  }
}

export const importQuerySchema = z.strictObject({
  dry_run: flag.optional().meta({
    type: 'boolean',
    description: '`true`: only report what the import would do.',
  }),
  charset: text({ max: 40 })
    .refine(isEncoding, 'must be an encoding such as utf-8, windows-1251 or shift_jis')
    .optional()
    .meta({ description: 'The encoding of the file. If left out, it is recognized.' }),
  book: slugSchema
    .optional()
    .meta({ description: 'The book that contacts are added to: its slug. If left out, your first book.' }),
  duplicates: z
    .enum(duplicateRules, 'must be add, merge or skip')
    .optional()
    .meta({
      description:
        'What to do with a card that has the UID of no contact, and shares an e-mail, a phone, or name and birthday ' +
        'with one: `add` it anyway, `merge` it into the contact, or `skip` it. If left out, it is added. The report ' +
        'names the contact.',
    }),
})

export const importIdSchema = z.object({ id: idInPath })

/** The query parameters of a page of the report. */
export const reportQuerySchema = z.strictObject({
  limit: whole(1, 1000)
    .default(100)
    .meta({ type: 'integer', description: 'The maximum number of items.', example: 100 }),
  cursor: pageQuery.cursor,
})

const line = z.int().positive().meta({ description: 'The line of the file at which the card begins, from 1.' })

const entrySchema = z
  .object({
    line,
    outcome: z.enum(importOutcomes),
    contact_id: z.int().nullable().meta({ description: 'The contact; null if none was added, or in a dry run.' }),
    duplicate_of: z.int().nullable().meta({ description: 'A contact that seems to be the same person.' }),
    detail: z.string().nullable().meta({ description: 'Why, or what of the card needs a look.' }),
    undo: z.enum(undoOutcomes).nullable().meta({
      description: 'What undoing did: `changed-since` means that the contact was changed, and stays as it is.',
    }),
  })
  .meta({ id: 'ImportEntry' })

const entryExample = {
  line: 1,
  outcome: 'added' as const,
  contact_id: 7,
  duplicate_of: null,
  detail: null,
  undo: null,
}

const importMembers = {
  id: z.int().positive(),
  state: z.enum(importStates).meta({
    description:
      '`running`, `undoing`: cards are left. POST …/continue goes on with them, or after a minute the service itself. ' +
      '`expired`: the report is gone, and the import can no longer be undone.',
  }),
  dry_run: z.boolean(),
  format: z.enum(importFormats),
  charset: z.string().meta({ description: 'The encoding in which the file was read.' }),
  book: z.string(),
  duplicates: z.enum(duplicateRules),
  done: z.int().min(0).meta({ description: 'How many cards of the file are done.' }),
  total: z.int().min(0).meta({ description: 'How many cards the file has.' }),
  counts: countsSchema.meta({ description: 'How many cards had each outcome.' }),
  created_by: authorSchema.nullable(),
  created_at: z.iso.datetime(),
}

const importExample = {
  id: 3,
  state: 'done' as const,
  dry_run: false,
  format: 'vcard' as const,
  charset: 'utf-8',
  book: 'contacts',
  duplicates: 'add' as const,
  done: 1,
  total: 1,
  counts: { added: 1, updated: 0, unchanged: 0, merged: 0, skipped: 0, refused: 0 },
  created_by: { kind: 'session' as const, id: 12, name: 'curl/8.5.0' },
  created_at: '2026-11-28T09:30:00.000Z',
}

/** An import in a list. */
export const importSchema = z.object(importMembers).meta({ id: 'Import', example: importExample })

/** An import with what it did with cards. */
export const importReportSchema = z
  .object({ ...importMembers, report: z.array(entrySchema) })
  .meta({ id: 'ImportReport', example: { ...importExample, report: [entryExample] } })

/** What an undo did. */
export const undoSchema = z
  .object({
    ...importMembers,
    undone: z.int().min(0).meta({ description: 'How many cards this request has undone.' }),
    changed_since: z
      .int()
      .min(0)
      .meta({ description: 'How many cards it left, because their contacts were changed after the import.' }),
  })
  .meta({ id: 'ImportUndo', example: { ...importExample, state: 'undone' as const, undone: 1, changed_since: 0 } })

const isWholeFile = (value: unknown): value is File => value instanceof File && value.size > 0

/** Parses the part `mapping` of a form. */
const mapping = z.string().transform((json, context) => {
  try {
    return z.record(z.string(), z.string().nullable()).parse(JSON.parse(json))
  } catch {
    context.addIssue('must be JSON such as {"Handy": "phone:mobile", "Id": null}')
    return z.NEVER
  }
})

/** A form with a file to import. */
export const importFormSchema = z
  .strictObject({
    file: z.custom<File>(isWholeFile, 'There is no file in this field: send a .vcf or .csv file here.').meta({
      type: 'string',
      format: 'binary',
      description: 'A file of vCards or CSV, recognized by its content. At most 10 MB and 10,000 cards.',
    }),
    mapping: mapping.optional().meta({
      type: 'string',
      description:
        'For CSV: which columns stand for what, as a JSON object of strings. A value is a field such as `email`, ' +
        '`phone:mobile`, `address.city:home` or `custom`, or null to leave the column out.',
      example: '{"Handy": "phone:mobile"}',
    }),
  })
  .meta({ id: 'ImportForm', example: { file: 'contacts.vcf' } })

export const exportQuerySchema = z.strictObject({
  label: text({ min: 1, max: 200 }).optional().meta({ description: 'Only contacts that have this label.' }),
  book: slugSchema.optional().meta({ description: 'Only contacts of this book: its slug.' }),
})
