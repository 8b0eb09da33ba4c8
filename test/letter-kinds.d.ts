export {}

declare module '../src/platform/mail/letter-kinds.ts' {
  /** The letters of tests. */
  interface LetterKinds {
    test: true
  }
}
