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
  // After the last page of a book there is more, if it changed since the first.
  const first = from?.number ?? page.number
  const next = writeToken(epoch, { number: first, after: isCut && last ? last : null })
  return { rows, more: isCut || page.number > first, next }
}
