import { z } from 'zod'
import { emailAddress, lines, nameLine, numberLine } from '../platform/text/fields.ts'

/** The latest date on Earth at this moment (UTC+14): nobody is born after it. */
const latestToday = (): string => new Date(Date.now() + 14 * 3_600_000).toISOString().slice(0, 10)

const isDate = (text: string): boolean => !text.startsWith('0000') && z.iso.date().safeParse(text).success

const monthAndDay = '(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])'

const birthday = numberLine({ max: 10 })
  .refine(
    // 2000 was a leap year: --02-29 is a birthday.
    (text) => text === '' || isDate(text) || (/^--\d\d-\d\d$/.test(text) && isDate(`2000-${text.slice(2)}`)),
    'must be a real date, YYYY-MM-DD, or --MM-DD where the year is unknown',
  )
  .refine((text) => !/^\d/.test(text) || text <= latestToday(), 'must not be in the future')
  .meta({
    pattern: `^(\\d{4}-${monthAndDay}|--${monthAndDay})?$`,
    description: 'A real date, `YYYY-MM-DD`, not in the future; or `--MM-DD` where the year is unknown.',
  })

/**
 * An extension, in English, Ukrainian and Russian, or as a `tel:` address has it (RFC 3966, section 3). Each part
 * begins as no other does: a pattern that could divide a run of blanks in two ways would take quadratic time.
 */
const extensionPattern = [
  '(?:[,;] ?)?',
  '(?:[eE][xX][tT](?:[eE][nN][sS][iI][oO][nN]|[nN])?|[xXхХ]|[дД][оО][бБдД]|[вВ][нН](?:[уУ][тТ][рР])?)',
  '[.:=]? {0,2}[0-9]+\\)?',
].join('')
const phonePattern = `^(?:[+\\-.() /]*[0-9][0-9+\\-.() /]*(?:${extensionPattern})?)?$`
const phoneRegExp = new RegExp(phonePattern)
/** A phone number in any format, with or without an extension; or nothing. */
export const phone = numberLine({ max: 64 })
  .refine(
    (text) => phoneRegExp.test(text),
    'must have digits, and nothing else but + - . ( ) / and spaces, and at its end an extension such as ext. 12',
  )
  .meta({ pattern: phonePattern })

/** Whether a text is a phone number, with or without an extension, and nothing else. */
export const isPhone = (text: string): boolean => text !== '' && phone.safeParse(text).success

/** What is said about a field where it is declared below. */
interface FieldOptions<Example> {
  /** The part of the search key that has its words: see search/keys.ts. Null: `q` does not search it. */
  readonly search: 'name' | 'email' | 'note' | 'phone' | null
  /** The vCard property (RFC 6350) that it is read from and written to. */
  readonly vcard: string
  /** The columns that it has in the CSV files of others. Ours has its own name. */
  readonly csv: readonly string[]
  readonly example: Example
}

/** A text, or null where there is none. An empty text in a body is null, too. */
function textField<S extends z.ZodType<string>>(
  schema: S,
  { description, ...options }: FieldOptions<string> & { readonly description?: string },
) {
  const input = schema
    .nullable()
    .transform((text) => (text === '' ? null : text))
    .optional()
  const output = z.string().nullable()
  return {
    ...options,
    column: 'text' as const,
    /** The value where there is none. */
    empty: null,
    /** In a body that creates or replaces a contact. */
    input,
    /** In a merge patch. */
    patch: input,
    /** In an answer. */
    output: description === undefined ? output : output.meta({ description }),
  }
}

/** True or false. A merge patch may say null for false. */
const flagField = (options: FieldOptions<boolean>) => ({
  ...options,
  column: 'flag' as const,
  empty: false as const,
  input: z.boolean().optional(),
  patch: z.boolean().nullable().optional(),
  output: z.boolean(),
})

/**
 * The fields that a person may write: the one list of them. The table's columns, the columns that queries read and
 * write, the schemas of bodies and answers, the view, the search keys with their version, and the ETags follow from it.
 */
export const fields = {
  first_name: textField(nameLine({ max: 100 }), {
    search: 'name',
    vcard: 'N',
    csv: ['First Name', 'Given Name'],
    example: 'Олесь',
  }),
  last_name: textField(nameLine({ max: 100 }), {
    search: 'name',
    vcard: 'N',
    csv: ['Last Name', 'Family Name'],
    example: 'Гончар',
  }),
  email: textField(emailAddress({ orEmpty: true }), {
    search: 'email',
    vcard: 'EMAIL',
    csv: ['E-mail 1 - Value', 'E-mail Address'],
    example: 'oles@example.com',
  }),
  phone: textField(phone, {
    search: 'phone',
    vcard: 'TEL',
    csv: ['Phone 1 - Value', 'Mobile Phone'],
    example: '+380 44 123 45 67',
  }),
  birthday: textField(birthday, {
    search: null,
    vcard: 'BDAY',
    csv: ['Birthday'],
    example: '1918-04-03',
    description: '`YYYY-MM-DD`, or `--MM-DD` where the year is unknown.',
  }),
  additional: textField(lines({ max: 5000 }), {
    search: 'note',
    vcard: 'NOTE',
    csv: ['Notes'],
    example: 'Writes back slowly.',
  }),
  favorite: flagField({ search: null, vcard: 'X-VIZITKA-FAVORITE', csv: [], example: false }),
}

type Fields = typeof fields

export type FieldName = keyof Fields

/** The names of the fields, in the order of the wire. */
export const fieldNames = Object.keys(fields) as FieldName[]

/** Makes an object that has one value for each field. */
export function mapFields<T extends { readonly [K in FieldName]: unknown }>(
  getValue: (name: FieldName) => T[FieldName],
): T {
  const values: Partial<Record<FieldName, unknown>> = {}
  for (const name of fieldNames) values[name] = getValue(name)
  return values as T
}

/** Makes an object of one part of every field's entry: all examples, all schemas of an answer. */
export const partOfFields = <P extends keyof Fields[FieldName]>(part: P) =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field[part]])) as unknown as {
    [K in FieldName]: Fields[K][P]
  }

/** The values of all fields. */
export type ContactFields = { readonly [K in FieldName]: z.output<Fields[K]['output']> }

/** The texts among them. */
export type TextFields = Omit<ContactFields, FlagName>
type FlagName = { [K in FieldName]: Fields[K]['column'] extends 'flag' ? K : never }[FieldName]

/** Fields of which some may be left out. */
export type PartialFields = { readonly [K in FieldName]?: ContactFields[K] | null | undefined }

/** Fills in the fields that an input leaves out. */
export const withDefaults = (input: PartialFields): ContactFields =>
  mapFields<ContactFields>((name) => input[name] ?? fields[name].empty)

/** The fields of a row, without its other columns. */
export const pickFields = (row: ContactFields): ContactFields => mapFields<ContactFields>((name) => row[name])

/** First and last name, as far as there are any. */
export const fullName = ({ first_name, last_name }: Pick<ContactFields, 'first_name' | 'last_name'>): string =>
  [first_name, last_name].filter((part) => part !== null).join(' ')
