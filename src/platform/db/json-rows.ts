import { type SQL, sql } from 'drizzle-orm'

/** The most characters of JSON in one statement: D1 accepts parameters of up to 2 MB. */
const maxJson = 500_000

/** Serializes rows as JSON, for `json_each`, in as many parts as statements are needed. */
export function jsonOf(rows: readonly object[]): string[] {
  const parts: string[][] = []
  let length = maxJson
  for (const text of rows.map((row) => JSON.stringify(row))) {
    length += text.length
    if (length > maxJson) {
      parts.push([])
      length = text.length
    }
    parts.at(-1)?.push(text)
  }
  return parts.map((part) => `[${part.join(',')}]`)
}

/** Reads the columns of a row from the JSON of a statement: `row` is the alias of `json_each`. */
export const columnsIn = <const N extends string>(names: readonly N[], row: string): Record<N, SQL> =>
  Object.fromEntries(names.map((name) => [name, sql.raw(`${row}.value ->> '${name}'`)])) as Record<N, SQL>
