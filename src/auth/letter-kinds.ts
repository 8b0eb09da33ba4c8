import type { LetterKind } from '../platform/mail/letter-kinds.ts'

/**
 * The letters about accounts, and whether an export lists them. A letter to a new address that the owner only requested
 * is left out: whether it was sent would show whether another account has that address.
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

/** The kinds of letters that an export lists. */
export const exportedLetterKinds = Object.entries(letterKinds).flatMap(([kind, { isExported }]) =>
  isExported ? [kind as LetterKind] : [],
)
