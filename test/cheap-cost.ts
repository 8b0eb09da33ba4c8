import type { HashCost } from '../src/auth/hash-cost.ts'

/**
 * Replaces src/auth/hash-cost.ts in tests: 1 ms for a hash instead of 150. A test of the cost assigns the real values
 * to it.
 */
export const hashCost: { -readonly [K in keyof HashCost]: HashCost[K] } = { ln: 8, r: 8, p: 1 }
