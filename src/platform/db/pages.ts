/**
 * Yields the rows of a query one page at a time, so that one page is in memory however many rows there are. `read`
 * reads up to `limit` rows after the last one.
 */
export async function* pages<Row>(
  read: (last: Row | undefined, limit: number) => PromiseLike<Row[]>,
  size: number,
): AsyncGenerator<readonly Row[]> {
  let last: Row | undefined
  while (true) {
    const rows = await read(last, size)
    if (rows.length > 0) yield rows
    last = rows.at(-1)
    if (rows.length < size) return
  }
}
