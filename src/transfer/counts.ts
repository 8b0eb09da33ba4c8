import type { z } from 'zod'
import { countsSchema, type ImportOutcome } from './schema.ts'

export type Counts = z.infer<typeof countsSchema>

/** The counts of an import that has not begun. */
export const noCounts: Counts = { added: 0, updated: 0, unchanged: 0, merged: 0, skipped: 0, refused: 0 }

/** Parses stored counts. */
export const parseCounts = (text: string): Counts => countsSchema.parse(JSON.parse(text))

/** Adds the outcomes of some cards to counts. */
export function addCounts(counts: Counts, outcomes: readonly ImportOutcome[]): Counts {
  const sum = { ...counts }
  for (const outcome of outcomes) sum[outcome]++
  return sum
}

/** Describes counts in words, without zeros: `12 added, 3 unchanged`. */
export const describeCounts = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, number]) => number > 0)
    .map(([outcome, number]) => `${number} ${outcome}`)
    .join(', ')
