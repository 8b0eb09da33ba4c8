import type { Services } from '../platform/ports.ts'
import { type ChangeRow, findChanges, readBook } from './changes-store.ts'
import { readToken, restart, type Since, writeToken } from './token.ts'

/** What a client asks for. */
export interface ChangesQuery {
  /** The `next` of an earlier answer; undefined to read the whole book. */
  readonly since?: string | undefined
  readonly limit: number
  /** Whether contacts come with all that they hold. */
  readonly isWhole: boolean
}

/** A page of changes, and from where on to ask for more: now, if there are more; else another time. */
export interface Changes {
  readonly rows: readonly ChangeRow[]
  readonly next: string
  readonly more: boolean
}

/**
 * Lists what changed in an owner's books since an earlier answer, or the whole book, page by page. While a book is
 * being read it may change: all that did comes after its last page, as changes since the first.
 * @throws Problem 410 `changes-restart`; 422 for a token that is not ours
 */
export async function listChanges(
  { db, config }: Services,
  ownerId: number,
  { since, limit, isWhole }: ChangesQuery,
): Promise<Changes> {
  const epoch = config.CHANGES_EPOCH
  const from: Since | null = since === undefined ? null : readToken(since, epoch)
  const isBook = from === null || from.after !== null
  // One more than asked for tells whether there are more.
  const options = { limit: limit + 1, isWhole }
  const page = isBook
    ? await readBook(db, ownerId, from?.after ?? null, options)
    : await findChanges(db, ownerId, from.number, options)
  // A number that was never given: the database has been restored, and nobody has raised the epoch.
  if (from && from.number > page.number) throw restart()
  const more = page.rows.length > limit
  const rows = page.rows.filter((_, at) => at < limit)
  const last = rows.at(-1)
  const first = from?.number ?? page.number
  if (isBook) return { rows, more, next: writeToken(epoch, { number: first, after: more && last ? last : null }) }
  return { rows, more, next: writeToken(epoch, { number: more && last ? last.seq : page.number, after: null }) }
}
