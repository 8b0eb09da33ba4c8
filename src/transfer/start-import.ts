import { sessionEnded } from '../auth/session.ts'
import type { Author } from '../books/author.ts'
import { requireBook } from '../contacts/require-book.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { continueImport, type Progress } from './continue-import.ts'
import { type SentFile, splitFile } from './file.ts'
import { countUnfinished, expireImports, insertImport } from './import-store.ts'
import type { DuplicateRule } from './schema.ts'

/** How many imports of an owner may be unfinished: each stores its file. */
const maxUnfinished = 3

/** A file to import. */
export interface ImportRequest extends SentFile {
  readonly ownerId: number
  readonly author: Author
  readonly isDryRun: boolean
  /** The slug of the book that contacts are added to. */
  readonly book: string
  readonly duplicates: DuplicateRule
}

/** Makes the 404 for an import that does not exist, or belongs to another owner. */
export const importNotFound = (): Problem => new Problem(404, 'not-found', 'You have no import with this id.')

const tooMany = (): Problem =>
  new Problem(
    409,
    'import-running',
    `You have ${maxUnfinished} unfinished imports. Continue one of them (POST /api/imports/{id}/continue), then import this file.`,
  )

/**
 * Imports a file of contacts, or reports what that would do. Stores the file first, then imports as many cards as one
 * request may; {@link continueImport} and cron do the rest.
 * @throws Problem 401 if the owner is gone; 409 `import-running`; 413 `too-large`; 422 `invalid-file`, or if there is
 * no such book
 */
export async function startImport(services: Services, request: ImportRequest): Promise<Progress> {
  const { ownerId, author, isDryRun, book, duplicates } = request
  const { db } = services
  const file = splitFile(request)
  await requireBook(db, ownerId, book, 'query/book')
  if ((await countUnfinished(db, ownerId)) >= maxUnfinished) throw tooMany()
  const row = await insertImport(db, ownerId, { file, isDryRun, book, duplicates, author })
  if (!row) throw sessionEnded()
  await expireImports(db, ownerId)
  return continueImport(services, row)
}
