/** The kinds of letters. A feature that sends letters adds its own by declaration merging. */
// biome-ignore lint/suspicious/noEmptyInterface: It is filled by declaration merging.
export interface LetterKinds {}

/** The kind of a letter. */
export type LetterKind = keyof LetterKinds
