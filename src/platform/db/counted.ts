import type { BatchItem } from 'drizzle-orm/batch'
import type { Database } from './database.ts'

/** The rows of a page, and how many there are in all, where that was wanted. */
export interface Counted<Row> {
  readonly rows: readonly Row[]
  readonly total: number | null
}

type Query<Row> = BatchItem<'sqlite'> & PromiseLike<Row[]>

/** Runs the query of a page, with the count of all in the same batch where one is given: one round trip either way. */
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
