/**
 * Revisions of what caches hold of a user. The arithmetic is separate from storage, so that test/revisions.test.ts can
 * explore it with every crash and race.
 */

/** The revision that a gate issues for a change: higher than the gate's own and than the one that was read. */
export const nextRevision = (own: number | undefined, revision: number): number => Math.max(own ?? 0, revision) + 1

/** The revision of a gate that learns a row's revision: its own, if it has one. */
export const initialRevision = (own: number | undefined, revision: number): number => own ?? revision

/** Whether a copy may be used: only at exactly the gate's revision. Without a gate's revision, no copy may. */
export const isCurrent = (copyRevision: number, gateRevision: number | null): boolean => copyRevision === gateRevision

/** Reads a gate's stored revision; undefined if there is none. */
export const readRevision = ({ kv }: DurableObjectStorage): number | undefined => kv.get<number>('revision')

/** Issues and stores the revision of a change. */
export function raiseRevision(storage: DurableObjectStorage, currentRevision: number): number {
  const revision = nextRevision(readRevision(storage), currentRevision)
  storage.kv.put('revision', revision)
  return revision
}

/** Stores a row's revision if there is none; returns the stored one. */
export function adoptRevision(storage: DurableObjectStorage, revision: number): number {
  const own = readRevision(storage)
  const initial = initialRevision(own, revision)
  if (initial !== own) storage.kv.put('revision', initial)
  return initial
}
