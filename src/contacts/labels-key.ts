import { limitMarks } from '../platform/text/fold.ts'

/** A label on one line, in NFC: as it is compared. */
export const plainLabel = (label: string): string => limitMarks(label).normalize('NFC').replaceAll('\n', ' ')

/** What a contact's labels are stored as, to be found by one of them: each between line breaks. */
export const labelsKey = (labels: readonly string[]): string =>
  labels.length === 0 ? '' : `\n${[...new Set(labels.map(plainLabel))].join('\n')}\n`

/** What a contact's key holds if it has a label. */
export const keyOfLabel = (label: string): string => `\n${plainLabel(label)}\n`

/** The labels of a key. */
export const labelsOfKey = (key: string): string[] => key.split('\n').filter(Boolean)
