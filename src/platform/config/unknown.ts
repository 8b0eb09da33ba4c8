/** Whether a variable belongs to wrangler, Cloudflare or the tests, by its name. */
export const isForeignName = (name: string): boolean => /^(?:CLOUDFLARE_|WRANGLER_|TEST_|_)/.test(name)

/** Describes each unknown variable in a sentence, with the most similar known one. */
export function describeUnknown(names: readonly string[], variables: readonly string[], origin: string): string[] {
  return names
    .filter((name) => !variables.includes(name) && !isForeignName(name))
    .map((name) => {
      const nearest = nearestName(name, variables)
      return `${origin} sets ${name}, which Vizitka does not know.${nearest ? ` Did you mean ${nearest}?` : ''}`
    })
}

/** The fewest letters by which a beginning identifies a variable. */
const minPrefix = 3

/** Finds the variable of which a name is a misspelling or the beginning; undefined if none is similar. */
export function nearestName(name: string, variables: readonly string[]): string | undefined {
  const typed = name.toUpperCase()
  const isBeginning = (variable: string) => typed.length >= minPrefix && variable.startsWith(typed)
  const [nearest] = variables
    .map((variable) => ({ variable, distance: editDistance(typed, variable) }))
    .filter(({ variable, distance }) => distance <= Math.max(2, variable.length / 4) || isBeginning(variable))
    .sort((one, other) => one.distance - other.distance)
  return nearest?.variable
}

/**
 * Counts the letters to insert, delete, replace or transpose to turn one word into the other (optimal string alignment
 * distance).
 */
export function editDistance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, n) => n)]
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const at = (up: number, left: number) => (up === 0 ? row : rows[i - up])?.[j - left] ?? Infinity
      const swapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? at(2, 2) + 1 : Infinity
      row.push(Math.min(at(1, 0) + 1, at(0, 1) + 1, at(1, 1) + (one[i - 1] === other[j - 1] ? 0 : 1), swapped))
    }
    rows.push(row)
  }
  return rows[one.length]?.[other.length] ?? Infinity
}
