import type { Services } from '../platform/ports.ts'
import { type ChangeRow, findChanges, readBook } from './changes-store.ts'
import { readToken, restart, type Since, writeToken } from './token.ts'

/** The parameters of a request for changes. */
export interface ChangesQuery {
  /** `next` of an earlier response; undefined to read all contacts. */
  readonly since?: string | undefined
  readonly limit: number
  /** Whether contacts have all their details. */
  readonly isWhole: boolean
}

/** A page of changes, and the token for the next request: send it at once if there are more, otherwise later. */
export interface Changes {
  readonly rows: readonly ChangeRow[]
  readonly next: string
  readonly more: boolean
}

/**
 * Lists what changed in an owner's books since an earlier response, or all contacts, page by page. Changes that happen
 * while a client reads all contacts follow after the last page, as changes since the first page.
 * @throws Problem 410 `changes-restart`; 422 if the token is not valid
 */
export async function listChanges(
  { db, config }: Services,
  ownerId: number,
  { since, limit, isWhole }: ChangesQuery,
): Promise<Changes> {
  const epoch = config.CHANGES_EPOCH
  const from: Since | null = since === undefined ? null : readToken(since, epoch)
  const isBook = from === null || from.after !== null
  // One more than the limit shows whether there are more.
  const options = { limit: limit + 1, isWhole }
  const page = isBook
    ? await readBook(db, ownerId, from?.after ?? null, options)
    : await findChanges(db, ownerId, from.number, options)
  // A number above the newest: the database was restored from a backup, and the operator did not raise CHANGES_EPOCH.
  if (from && from.number > page.number) throw restart()
  const isCut = page.rows.length > limit
  const rows = page.rows.filter((_, at) => at < limit)
  const last = rows.at(-1)
  if (!isBook) {
    return {
      rows,
      more: isCut,
      next: writeToken(epoch, { number: isCut && last ? last.seq : page.number, after: null }),
    }
  }
  // After the last page, there is more if anything changed since the first page.
  const first = from?.number ?? page.number
  const next = writeToken(epoch, { number: first, after: isCut && last ? last : null })
  return { rows, more: isCut || page.number > first, next }
}
