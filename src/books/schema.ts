import { z } from 'zod'
import { lines, nameLine, readOnlyField } from '../platform/text/fields.ts'

/** Who makes a change, and with what. Has a copy of the name, because the device may be gone when it is read. */
export const authorSchema = z
  .object({
    kind: z.enum(['session', 'app', 'merge', 'import']).meta({
      description:
        '`session`: a login; `app`: a phone or program with an app password; `merge`: a merge of contacts; ' +
        '`import`: a file.',
    }),
    id: z.int().meta({
      description:
        'The id of the session, app password or import; of a merge, that of the contact that the others went into.',
    }),
    name: z.string().nullable().meta({ description: 'The User-Agent, or the name of the app password.' }),
  })
  .meta({ id: 'Author', example: { kind: 'session', id: 12, name: 'curl/8.5.0' } })

/** The name of a book in URLs. */
export const slugSchema = z
  .string()
  .max(64, 'must have 64 characters at most')
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be letters a to z and digits, with single hyphens between them')

const name = nameLine({ min: 1, max: 100 })
const description = lines({ max: 1000 })
  .nullable()
  .transform((text) => (text === '' ? null : text))
  .optional()
const color = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, 'must be # and six hexadecimal digits, such as #1f7a4d')
  .nullable()
  .optional()
const readOnly = { contacts: readOnlyField, created_at: readOnlyField }

const example = { name: 'Родина', description: 'Aunts, cousins and their children.', color: '#1f7a4d' }

export const bookInputSchema = z
  .strictObject({
    slug: slugSchema
      .optional()
      .meta({ description: 'Its name in URLs, which never changes. If left out, it is made from the name.' }),
    ...{ name, description, color },
    ...readOnly,
  })
  .meta({ id: 'BookInput', example })

export const bookPatchSchema = z
  .strictObject({ name: name.optional(), description, color, slug: readOnlyField, ...readOnly })
  .meta({ id: 'BookPatch', example: { name: 'Сім’я', color: null } })

export const bookExample = { slug: 'rodyna', ...example, contacts: 24, created_at: '2026-11-21T09:30:00.000Z' }

export const bookSchema = z
  .strictObject({
    slug: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    color: z.string().nullable().meta({ description: '`#rrggbb`.' }),
    contacts: z.int().min(0).meta({ description: 'How many contacts are in the book, without those in the trash.' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Book', example: bookExample })

/** The slug of a book in a path. */
export const bookPathSchema = z.object({ slug: z.string().min(1).max(64).meta({ example: 'rodyna' }) })
