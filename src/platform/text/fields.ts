import { z } from 'zod'
import { emailFault, emailPattern } from './email.ts'
import { asciiDigits } from './fold.ts'
import { cleanName } from './names.ts'
import { cleanPasted } from './paste.ts'

/** Counts the characters of a text (Unicode code points, as JSON Schema does). */
export const characters = (text: string): number => [...text].length

/** C0 and C1 controls, and halves of surrogate pairs, which no database stores. */
const controls = /[\p{Cc}\p{Cs}]/u
const controlsButBreaks = /[^\P{Cc}\n\t]|\p{Cs}/u

/**
 * More combining marks on one letter than any language uses, and than Unicode's stream-safe format allows (UAX #15,
 * section 13: 30). Normalizing sorts the marks of a letter in quadratic time: a megabyte of them takes minutes.
 */
const overloaded = /\p{M}{31}/u

/**
 * Rejects text with too many combining marks before normalizing it; later checks are skipped. `clean` runs first, so
 * that no marks come together later.
 */
const writable = (clean: (text: string) => string = (text) => text) =>
  z
    .string()
    .overwrite(clean)
    .refine((text) => !overloaded.test(text), {
      abort: true,
      error: 'must not hold more than 30 marks in a row, such as accents on one letter',
    })

/** The same for the document, in every dialect of regular expressions. */
const noControls = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'
const noControlsButBreaks = '^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$'

interface Length {
  readonly min?: number
  readonly max: number
}

/**
 * A member of a response that a body may send back and that is ignored, so that a client can read, edit and send an
 * object.
 */
export const readOnlyField = z
  .unknown()
  .optional()
  .meta({ readOnly: true, description: 'Ignored, so that an object that was read can be sent back.' })

/** Documents how a text is normalized before it is validated (src/pages/docs.ts explains it). */
export const normalized = <S extends string>(steps: S) => ({ 'x-normalized': steps })

/** One line of text: trimmed, NFC, without control characters; its length counts characters. */
export const line = (length: Length) =>
  withoutControls(writable().trim().normalize('NFC'), length).meta(normalized('trim nfc'))

/**
 * Whether a name has a visible character: not only blanks, control and format characters, and accents without a letter.
 * Unassigned characters count as visible, because a newer device may know them.
 */
export const canBeSeen = (text: string): boolean =>
  /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Default_Ignorable_Code_Point}]/u.test(text)

/**
 * A person's name: a {@link line} without invisible characters (names.ts). If it must not be empty, something must be
 * left.
 */
export function nameLine(length: Length) {
  const name = writable(cleanName).normalize('NFC')
  const seen = name.refine(canBeSeen, {
    abort: true,
    error: 'must have a visible character',
  })
  return withoutControls(length.min ? seen : name, length).meta(normalized('name nfc'))
}

/** A pasted number: a {@link line} with plain punctuation (paste.ts, NFKC) and the digits of any script as 0 to 9. */
export const numberLine = (length: Length) =>
  withoutControls(writable(cleanPasted).normalize('NFKC').overwrite(asciiDigits).trim(), length).meta(
    normalized('paste nfkc digits trim'),
  )

const withoutControls = (schema: z.ZodString, length: Length) =>
  sized(
    schema.refine((text) => !controls.test(text), 'must not hold control characters'),
    length,
  ).meta({ pattern: noControls })

/** Several lines of text: like {@link line}, with newlines (CRLF becomes LF) and tabs. */
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

/** Text as it was sent; its length counts characters. */
export const text = (length: Length) => sized(z.string(), length)

/** Pasted text: without surrounding blanks, and without what copying adds (paste.ts). */
export const pasted = (length: Length) =>
  sized(z.string().overwrite(cleanPasted).trim(), length).meta(normalized('paste trim'))

/** An e-mail address that mail can be sent to (email.ts), typed or pasted, in NFC; optionally empty. */
export function emailAddress({ orEmpty = false } = {}) {
  return writable(cleanPasted)
    .trim()
    .normalize('NFC')
    .superRefine((text, context) => {
      const fault = orEmpty && text === '' ? null : emailFault(text)
      if (fault !== null) context.addIssue({ code: 'custom', message: fault })
    })
    .meta({
      // An empty text does not have the format of an address.
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

/** An integer in a query: only digits, within bounds. */
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

/** An id in a path: only digits, so not 1e3, 0x1 or " 1". */
export const idInPath = z
  .string()
  .regex(/^[1-9]\d{0,15}$/)
  .transform(Number)
  .refine(Number.isSafeInteger)
  .meta({ type: 'integer', minimum: 1, example: 1 })

/** The query parameters of every list. */
export const pageQuery = {
  limit: whole(1, 100).default(20).meta({ type: 'integer', description: 'The maximum number of items.', example: 20 }),
  skip: whole(0, 1_000_000)
    .optional()
    .meta({ type: 'integer', description: 'How many items to skip. Not together with `cursor`.' }),
  cursor: text({ max: 2000 }).optional().meta({ description: 'From the `Link` header of the previous page. Opaque.' }),
  total: flag.optional().meta({ type: 'boolean', description: '`true` adds the header `X-Total-Count`.' }),
}
