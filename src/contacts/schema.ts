import { z } from 'zod'
import { slugSchema } from '../books/schema.ts'
import { canBeSeen, flag, idInPath, line, numberLine, pageQuery, readOnlyField } from '../platform/text/fields.ts'
import { detailExample, detailInputs, detailOutputs } from './details.ts'
import { partOfFields } from './fields.ts'

const readOnly = {
  id: readOnlyField,
  full_name: readOnlyField,
  avatar: readOnlyField,
  uid: readOnlyField,
  created_at: readOnlyField,
  updated_at: readOnlyField,
  // A list of birthdays carries these besides.
  next_birthday: readOnlyField,
  days_until: readOnlyField,
  turns: readOnlyField,
}

const example = partOfFields('example')

/** The slug of everybody's first book (books/table.ts). */
const firstBook = 'contacts'

const book = slugSchema.optional().meta({
  description:
    'The slug of the book that the contact is in. Another one moves it there; left out, it stays where it is.',
})

/** The query of a request that adds a contact. */
export const bookQuerySchema = z.strictObject({
  book: slugSchema.optional().meta({ description: 'The slug of the book that the contact is added to.' }),
})

/** What is said to whoever gives a contact no name. */
export const named = 'Give a first name, a last name, or both.'

/** What makes a name one: more than blanks. */
const namePattern = '\\S'
const inName = new RegExp(namePattern, 'u')
const isName = (text: string | null | undefined): boolean => inName.test(text ?? '') && canBeSeen(text ?? '')
const nameFields = ['first_name', 'last_name']

interface Naming {
  readonly first_name?: string | null | undefined
  readonly last_name?: string | null | undefined
}

/** Whether a contact has a name: one, at least, that can be seen. */
export const isNamed = ({ first_name, last_name }: Naming): boolean => isName(first_name) || isName(last_name)

/** That neither is a name, for the document. */
const unnamed = {
  properties: Object.fromEntries(nameFields.map((field) => [field, { not: { type: 'string', pattern: namePattern } }])),
}

/**
 * That one is, for the document. `anyOf` stands within `allOf`, where generators of clients that know none beside
 * properties leave it out, rather than make two other types of it; `not` says what null and an empty text are.
 */
const eitherName = {
  allOf: [{ anyOf: nameFields.map((field) => ({ title: `with ${field}`, required: [field] })) }],
  not: unnamed,
}

/** A contact as it is created or replaced: what is left out is empty. */
export const contactInputSchema = z
  .strictObject({
    ...partOfFields('input'),
    ...detailInputs,
    book,
    ...readOnly,
  })
  .refine(isNamed, { path: ['first_name'], error: named })
  .meta({ id: 'ContactInput', description: named, ...eitherName, example })

/** Changes to a contact, as a merge patch (RFC 7396): null empties a field, what is left out stays. */
export const contactPatchSchema = z
  .strictObject({
    ...partOfFields('patch'),
    ...detailInputs,
    book,
    ...readOnly,
  })
  .meta({
    id: 'ContactPatch',
    description: 'A first name, a last name, or both must be left.',
    not: { ...unnamed, required: nameFields },
    example: { phone: '+380 44 765 43 21', additional: null },
  })

/**
 * Bodies that the handlers check: a validator would take a vCard for an empty object, and refuse what a contact is
 * stored with (input.ts).
 */
export const inputSchema = { schema: { $ref: '#/components/schemas/ContactInput' } }
export const patchSchema = { schema: { $ref: '#/components/schemas/ContactPatch' } }

export const favoriteSchema = z
  .strictObject({ favorite: z.boolean(), ...readOnly })
  .meta({ id: 'Favorite', example: { favorite: true } })

export const contactExample = {
  id: 1,
  ...example,
  full_name: 'Олесь Гончар',
  avatar: 'https://contacts.example.com/avatars/initials/1-0J7Qkw.svg',
  created_at: '2026-11-21T09:30:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
}

const { first_name, last_name, ...others } = partOfFields('output')

/** A contact in a list. */
export const contactSchema = z
  .object({
    id: z.int().positive(),
    first_name,
    last_name,
    full_name: z.string(),
    ...others,
    avatar: z.url().meta({
      description: 'The URL of the picture: an uploaded one, or else initials (or Gravatar’s).',
    }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({
    id: 'Contact',
    example: contactExample,
  })

export type Contact = z.infer<typeof contactSchema>

/** The uid of a book, in the examples. */
export const exampleBookUid = '0b1f6a0e7d3c4b8e9a532f1f6a1c9d77'

export const detailsExample = { ...contactExample, uid: `${exampleBookUid}-1`, book: firstBook, ...detailExample }

/** A contact by itself, with all that it holds. */
export const contactDetailsSchema = contactSchema
  .extend({
    uid: z
      .string()
      .meta({ description: 'The UID of its vCard: the one that it came with, or one that never changes.' }),
    book: z.string().meta({ description: 'The slug of the book that it is in.' }),
    ...detailOutputs,
  })
  .meta({ id: 'ContactDetails', example: detailsExample })

/** A contact in a list: with all that it holds if `fields=all` asks for that. */
export const listedContactSchema = z
  .union([contactDetailsSchema, contactSchema])
  .meta({ id: 'ListedContact', example: contactExample })

export const contactIdSchema = z.object({ id: idInPath })

/**
 * `"…"` as a string of structured fields (RFC 9651, section 3.3.3), or the same without quotes where nothing in it
 * needs them.
 */
const keyPattern = '^(?:"(?:[ !#-\\[\\]-~]|\\\\["\\\\]){1,255}"|[!#-+\\--:<-\\[\\]-~]{1,255})$'
const idempotencyKey = new RegExp(keyPattern)

/**
 * What a client calls a request, so that it may send it again (draft-ietf-httpapi-idempotency-key-header-07, section
 * 2).
 */
export const idempotencyKeySchema = z.object({
  'Idempotency-Key': z
    .string()
    .refine(
      (text) => idempotencyKey.test(text),
      'must be 1 to 255 characters of ASCII, in quotes or without: a UUID, for one',
    )
    .transform((text) => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text))
    .optional()
    .meta({
      type: 'string',
      pattern: keyPattern,
      description:
        // No example: /docs would send it with every contact, and the second would be refused.
        'Of your choice, new for each contact, such as `"0b1f6a0e-7d3c-4b8e-9a53-2f1f6a1c9d77"`. Within 24 hours the same key with the same body adds nothing: the answer is the contact that was added, as it is now. With another body it is refused.',
    }),
})

export const sorts = ['relevance', 'name', 'created', 'updated', 'birthday'] as const

const part = line({ min: 1, max: 254 }).optional()

/** Digits, also those of full width. */
const digit = '[0-9\\uff10-\\uff19]'
const hasDigit = new RegExp(digit)
const noControls = '[^\\u0000-\\u001f\\u007f-\\u009f]*'

/** What a list of contacts may be asked for. */
export const contactQuerySchema = z
  .strictObject({
    q: line({ min: 1, max: 200 })
      .optional()
      .meta({
        description:
          'Words, or parts of them, of a name, e-mail or note, in any order, without case or accents; or a phone ' +
          'number in any format, or three digits of it at least. Best match first. For one: `олесь`.',
      }),
    first_name: part.meta({ description: 'Words, or parts of them, of the first name, found as by `q`.' }),
    last_name: part.meta({ description: 'Words, or parts of them, of the last name, found as by `q`.' }),
    email: part.meta({ description: 'Part of the e-mail, its domain in either spelling, found as by `q`.' }),
    phone: numberLine({ max: 64 })
      .refine((text) => hasDigit.test(text), 'must have a digit')
      .meta({ pattern: `^${noControls}${digit}${noControls}$` })
      .optional()
      .meta({ description: 'Part of the phone number: its digits, in any format; at least one.' }),
    label: z.string().min(1).max(2000).optional().meta({ description: 'Only contacts that have this label.' }),
    book: slugSchema.optional().meta({ description: 'Only contacts that are in this book, by its slug.' }),
    fields: z
      .literal('all', 'must be all')
      .optional()
      .meta({ description: '`all`: each contact with all that it holds, as one contact is read by itself.' }),
    favorite: flag.optional().meta({ type: 'boolean', description: 'Only the favourites, or only the others.' }),
    sort: z
      .enum(sorts, `must be one of ${sorts.join(', ')}`)
      .optional()
      .meta({
        description:
          'By name, by the alphabet of `SORT_LOCALE`; or, with `q`, by relevance, unless this says otherwise. `birthday`: by month and ' +
          'day, those without one last.',
      }),
    order: z.enum(['asc', 'desc'], 'must be asc or desc').default('asc'),
    ...pageQuery,
  })
  .refine(({ q, sort }) => sort !== 'relevance' || q !== undefined, {
    path: ['sort'],
    error: 'relevance needs q: what is it to be relevant to?',
  })
  .transform(({ sort, ...query }) => ({ ...query, sort: sort ?? (query.q === undefined ? 'name' : 'relevance') }))

export type ContactQuery = z.infer<typeof contactQuerySchema>
