import { z } from 'zod'

const isLocale = (text: string): boolean => {
  try {
    return Intl.Collator.supportedLocalesOf([text]).length === 1
  } catch {
    return false
  }
}

const wholeNumber = (min: number, max: number) =>
  z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(min, `must be ${min} or more`)
    .max(max, `must be ${max} or less`)

export const contactVariables = {
  /** The language whose alphabet names are sorted by. */
  SORT_LOCALE: z
    .string()
    .default('uk')
    .refine(isLocale, 'must be a language that names can be sorted by, such as uk, en, pl or el'),
  /** The most contacts that a book holds. */
  MAX_CONTACTS: wholeNumber(1, 1_000_000).default(50_000),
  /** The most contacts that a person's trash holds, or a few more: the oldest are deleted first. */
  MAX_TRASH: wholeNumber(1, 100_000).default(10_000),
  /** The most bytes that an account holds: contacts, their vCards and files, versions, and the trash. */
  MAX_ACCOUNT_BYTES: wholeNumber(10_000_000, 10_000_000_000).default(200_000_000),
  /** Raised after a database was restored from a backup: clients read their books anew then. */
  CHANGES_EPOCH: wholeNumber(0, 1_000_000).default(0),
  /** A contact whose name begins with it becomes a favourite. */
  FAVORITE_NAME_PREFIX: z
    .string()
    .normalize('NFC')
    .max(100, 'must have at most 100 characters')
    .refine((prefix) => prefix === prefix.trimStart(), 'must not start with a blank: no name does')
    .refine((prefix) => /[^\s\u2800\p{Default_Ignorable_Code_Point}]/u.test(prefix), 'must have a visible character')
    .optional(),
}

export const contactLimits = {
  'contacts-read': { quota: 120, windowSeconds: 60 },
  'contacts-create': { quota: 2, windowSeconds: 5 },
  'contacts-write': { quota: 30, windowSeconds: 60 },
  'contacts-batch': { quota: 10, windowSeconds: 60 },
}

export const contactPermissions = ['contacts:read', 'contacts:create', 'contacts:update', 'contacts:delete'] as const

type Variables = z.output<z.ZodObject<typeof contactVariables>>

declare module '../platform/config/configuration.ts' {
  interface Configuration extends Variables {}
  interface Policies extends Record<keyof typeof contactLimits, true> {}
  interface Permissions extends Record<(typeof contactPermissions)[number], true> {}
}
