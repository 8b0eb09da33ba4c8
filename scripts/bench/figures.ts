/** The middle of some numbers, and the numbers below which a tenth and nine tenths of them lie. */
export function summary(numbers: readonly number[]): { median: number; p10: number; p90: number } {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
  const middle = sorted.length / 2
  const median = Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2 : at(0.5)
  return { median, p10: at(0.1), p90: at(0.9) }
}

/** Milliseconds, and a ratio of two medians, as they are printed. */
export const ms = (value: number): string => value.toFixed(1)
export const ratio = (one: { median: number }, other: { median: number }): string =>
  (one.median / other.median).toFixed(2)
