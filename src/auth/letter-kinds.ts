import type { LetterKind } from '../platform/mail/letter-kinds.ts'

/**
 * The letters of accounts, and whether the export of one's own data lists them. A letter to an address that somebody
 * only asked for is left out: whether it was sent tells whether another account has that address.
 */
const letterKinds = {
  'confirm-email': { isExported: true },
  'reset-password': { isExported: true },
  'password-changed': { isExported: true },
  'app-password-created': { isExported: true },
  'confirm-new-email': { isExported: false },
  'email-change': { isExported: true },
  'email-changed': { isExported: true },
  'email-in-use': { isExported: true },
} as const

declare module '../platform/mail/letter-kinds.ts' {
  interface LetterKinds extends Record<keyof typeof letterKinds, true> {}
}

/** The kinds of letters that an export of one's own data lists. */
export const exportedLetterKinds = Object.entries(letterKinds).flatMap(([kind, { isExported }]) =>
  isExported ? [kind as LetterKind] : [],
)
