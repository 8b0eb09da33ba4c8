import { z } from 'zod'
import { emailFault, emailPattern } from './email.ts'
import { asciiDigits } from './fold.ts'
import { cleanName } from './names.ts'
import { cleanPasted } from './paste.ts'

/** How many characters (Unicode code points, as JSON Schema counts them) a text has. */
export const characters = (text: string): number => [...text].length

/** C0 and C1 controls, and halves of surrogate pairs, which no database keeps. */
const controls = /[\p{Cc}\p{Cs}]/u
const controlsButBreaks = /[^\P{Cc}\n\t]|\p{Cs}/u

/**
 * More marks on one letter than any language writes, and than Unicode's stream-safe format allows (UAX #15, section 13:
 * 30). Normalizing sorts the marks of a letter in a time that grows with their square: a megabyte of them takes
 * minutes.
 */
const overloaded = /\p{M}{31}/u

/**
 * A text that may be normalized: looked at before anything else is, and nothing else is where it is refused. What
 * `clean` removes is gone by then, so that it holds no marks apart that come together later.
 */
const writable = (clean: (text: string) => string = (text) => text) =>
  z
    .string()
    .overwrite(clean)
    .refine((text) => !overloaded.test(text), {
      abort: true,
      error: 'must not hold more than 30 marks in a row, such as accents on one letter',
    })

/** The same for the document, in what every dialect of regular expressions knows. */
const noControls = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'
const noControlsButBreaks = '^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$'

interface Length {
  readonly min?: number
  readonly max: number
}

/**
 * A member that an answer carries and that a body may send back: so that what was read can be edited and sent whole.
 */
export const readOnlyField = z
  .unknown()
  .optional()
  .meta({ readOnly: true, description: 'Ignored: so that what was read can be sent back.' })

/** How the document says what a text becomes before it is judged (src/pages/docs.ts says it in words). */
export const normalized = <S extends string>(steps: S) => ({ 'x-normalized': steps })

/** Text on one line: trimmed, NFC, without control characters, of a length counted in characters. */
export const line = (length: Length) =>
  withoutControls(writable().trim().normalize('NFC'), length).meta(normalized('trim nfc'))

/**
 * Whether a name has a character that can be seen by itself: no blank, control or format character, and no accent
 * without its letter. What Unicode has not assigned yet counts as seen: a newer device knows the letter.
 */
export const canBeSeen = (text: string): boolean =>
  /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Default_Ignorable_Code_Point}]/u.test(text)

/**
 * A person's name: as {@link line}, and without what nobody can see (names.ts). Where it must not be empty, something
 * must be left.
 */
export function nameLine(length: Length) {
  const name = writable(cleanName).normalize('NFC')
  const seen = name.refine(canBeSeen, {
    abort: true,
    error: 'must have a character that can be seen',
  })
  return withoutControls(length.min ? seen : name, length).meta(normalized('name nfc'))
}

/**
 * A number as people paste it: as {@link line}, with plain signs (paste.ts, NFKC) and the digits of any script as 0 to
 * 9.
 */
export const numberLine = (length: Length) =>
  withoutControls(writable(cleanPasted).normalize('NFKC').overwrite(asciiDigits).trim(), length).meta(
    normalized('paste nfkc digits trim'),
  )

const withoutControls = (schema: z.ZodString, length: Length) =>
  sized(
    schema.refine((text) => !controls.test(text), 'must not hold control characters'),
    length,
  ).meta({ pattern: noControls })

/** Text on several lines: as {@link line}, with newlines (CRLF becomes LF) and tabs. */
export function lines(length: Length) {
  return sized(
    writable()
      .trim()
      .normalize('NFC')
      .overwrite((text) => text.replaceAll('\r\n', '\n'))
      .refine((text) => !controlsButBreaks.test(text), 'must not hold control characters other than newline and tab'),
    length,
  ).meta({ pattern: noControlsButBreaks, ...normalized('trim nfc lf') })
}

/** Text as it is sent, of a length counted in characters. */
export const text = (length: Length) => sized(z.string(), length)

/** Text that is pasted rather than typed: without the blanks around it, and what copying adds (paste.ts). */
export const pasted = (length: Length) =>
  sized(z.string().overwrite(cleanPasted).trim(), length).meta(normalized('paste trim'))

/** An e-mail address that mail can be sent to (email.ts), pasted or typed, in NFC; or nothing, where that may be. */
export function emailAddress({ orEmpty = false } = {}) {
  return writable(cleanPasted)
    .trim()
    .normalize('NFC')
    .superRefine((text, context) => {
      const fault = orEmpty && text === '' ? null : emailFault(text)
      if (fault !== null) context.addIssue({ code: 'custom', message: fault })
    })
    .meta({
      // An empty text has no format of an address.
      ...(orEmpty ? {} : { format: 'idn-email' }),
      pattern: orEmpty ? `^$|${emailPattern}` : emailPattern,
      maxLength: 254,
      ...normalized('paste trim nfc'),
      description:
        'An address that mail can be sent to (RFC 5321, RFC 6531), in any script: at most 64 octets before the @, and a domain after it.',
    })
}

function sized(schema: z.ZodString, { min = 0, max }: Length) {
  return schema
    .refine((text) => characters(text) >= min, min === 1 ? 'must not be empty' : `must have at least ${min} characters`)
    .refine((text) => characters(text) <= max, `must have at most ${max} characters`)
    .meta({ ...(min > 0 ? { minLength: min } : {}), maxLength: max })
}

/** A whole number in a query: digits and nothing else, within bounds. */
export function whole(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min, `must be ${min} or more`)
    .refine((value) => value <= max, `must be ${max} or less`)
    .meta({ type: 'integer', minimum: min, maximum: max })
}

/** A flag in a query: `true` or `false`. */
export const flag = z
  .string()
  .refine((text) => text === 'true' || text === 'false', 'must be true or false')
  .transform((text) => text === 'true')
  .meta({ type: 'boolean' })

/** An id in a path: digits and nothing else, so not 1e3, not 0x1, not " 1". */
export const idInPath = z
  .string()
  .regex(/^[1-9]\d{0,15}$/)
  .transform(Number)
  .refine(Number.isSafeInteger)
  .meta({ type: 'integer', minimum: 1, example: 1 })

/** The query parameters of every list. */
export const pageQuery = {
  limit: whole(1, 100).default(20).meta({ type: 'integer', description: 'How many at most.', example: 20 }),
  skip: whole(0, 1_000_000)
    .optional()
    .meta({ type: 'integer', description: 'How many to pass over. Not together with `cursor`.' }),
  cursor: text({ max: 2000 }).optional().meta({ description: 'From the `Link` header of the page before: opaque.' }),
  total: flag.optional().meta({ type: 'boolean', description: '`true` adds the header `X-Total-Count`.' }),
}
