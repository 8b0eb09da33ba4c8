/** The formats of files that can be imported. */
export const importFormats = ['vcard', 'csv'] as const

/**
 * The states of an import. `running` and `undoing` mean that cards are left, with which the next request or the cron
 * goes on. `expired` means that its report was deleted because of its age.
 */
export const importStates = ['running', 'done', 'undoing', 'undone', 'expired'] as const

/** What an import did with a card. */
export const importOutcomes = ['added', 'updated', 'unchanged', 'merged', 'skipped', 'refused'] as const

/** What an undo did with the contact of a card. */
export const undoOutcomes = ['undone', 'changed-since'] as const

/** What to do with a card of a person who seems to be in the books already. */
export const duplicateRules = ['add', 'merge', 'skip'] as const

export type ImportFormat = (typeof importFormats)[number]
export type ImportState = (typeof importStates)[number]
export type ImportOutcome = (typeof importOutcomes)[number]
export type UndoOutcome = (typeof undoOutcomes)[number]
export type DuplicateRule = (typeof duplicateRules)[number]
