import type { Problem } from './http/problem.ts'

/** How many times a write reads and tries again after another write came between. */
const defaultAttempts = 5

/**
 * Runs an optimistic write until it succeeds: `attempt` reads, writes at the revision that it read, and returns
 * undefined if another write came between.
 * @throws the error that `conflict` makes, after the last attempt
 */
export async function retryOnConflict<T>(
  attempt: () => Promise<T | undefined>,
  conflict: () => Problem,
  attempts = defaultAttempts,
): Promise<T> {
  for (let left = attempts; left > 0; left--) {
    const result = await attempt()
    if (result !== undefined) return result
  }
  throw conflict()
}
