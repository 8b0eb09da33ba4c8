import type { LetterKind } from '../platform/mail/letter-kinds.ts'

declare module '../platform/mail/letter-kinds.ts' {
  interface LetterKinds {
    'birthday-digest': true
  }
}

/** The letters about birthdays. An export lists them: their owner asked for them. */
export const digestKind: LetterKind = 'birthday-digest'
