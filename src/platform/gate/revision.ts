/**
 * Revisions of what the edge remembers of a user. Their arithmetic stands apart from where they are stored:
 * test/revisions.test.ts explores it with every crash and race.
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

/** The revision that a gate has stored; undefined while it has none. */
export const readRevision = ({ kv }: DurableObjectStorage): number | undefined => kv.get<number>('revision')

/** Issues and stores the revision of a change. */
export function raiseRevision(storage: DurableObjectStorage, currentRevision: number): number {
  const revision = nextRevision(readRevision(storage), currentRevision)
  storage.kv.put('revision', revision)
  return revision
}

/** Stores a row's revision where there is none; returns the one that there is then. */
export function adoptRevision(storage: DurableObjectStorage, revision: number): number {
  const own = readRevision(storage)
  const initial = initialRevision(own, revision)
  if (initial !== own) storage.kv.put('revision', initial)
  return initial
}
