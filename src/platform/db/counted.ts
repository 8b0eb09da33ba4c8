import type { BatchItem } from 'drizzle-orm/batch'
import type { Database } from './database.ts'

/** The rows of a page, and the total number of rows, if requested. */
export interface Counted<Row> {
  readonly rows: readonly Row[]
  readonly total: number | null
}

type Query<Row> = BatchItem<'sqlite'> & PromiseLike<Row[]>

/** Runs a page's query, together with the count if one is given, in one round trip. */
export async function fetchCounted<Row>(
  db: Database,
  page: Query<Row>,
  count: Query<{ total: number }> | null,
): Promise<Counted<Row>> {
  if (!count) return { rows: await page, total: null }
  // The batch returns the rows of its two statements, whose types Drizzle cannot infer from a type parameter.
  const [rows, totals] = (await db.batch([page, count])) as unknown as [Row[], { total: number }[]]
  return { rows, total: totals[0]?.total ?? null }
}
