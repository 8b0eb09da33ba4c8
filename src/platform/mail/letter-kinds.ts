/**
 * The kinds of letters, each with what is said of it. A feature that writes letters adds its own by declaration
 * merging.
 */
// biome-ignore lint/suspicious/noEmptyInterface: It is filled by declaration merging.
export interface LetterKinds {}

/** What a letter is about. */
export type LetterKind = keyof LetterKinds
