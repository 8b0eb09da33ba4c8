/**
 * The arithmetic of revisions, apart from where they are stored: test/revisions.test.ts explores it with every crash
 * and race.
 */

/** The revision that a gate issues for a change: higher than its own and than the one that was read. */
export const nextRevision = (own: number | undefined, revision: number): number => Math.max(own ?? 0, revision) + 1

/** What a gate holds after it was told a row's revision: a gate that has one of its own keeps it. */
export const initialRevision = (own: number | undefined, revision: number): number => own ?? revision

/**
 * Whether a copy may be shown: only at the very revision that the gate stands for. A gate that has none vouches for
 * nothing.
 */
export const isCurrent = (copyRevision: number, gateRevision: number | null): boolean => copyRevision === gateRevision
