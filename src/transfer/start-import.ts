import { sessionEnded } from '../auth/session.ts'
import type { Author } from '../books/author.ts'
import { requireBook } from '../contacts/require-book.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { continueImport, type Progress } from './continue-import.ts'
import { maxCards, type SentFile, splitFile } from './file.ts'
import { expireImports, findImport, findUnfinished, insertImport, listEntries } from './import-store.ts'
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

const tooMany = (unfinished: readonly number[]): Problem => {
  const detail = `You have ${maxUnfinished} unfinished imports. Continue one of them, then import this file.`
  return new Problem(409, 'import-running', detail, { members: { imports: unfinished } })
}

/**
 * Imports a file of contacts, or reports what that would do. Stores the file first, then imports as many cards as one
 * request may; {@link continueImport} and cron do the rest. If a piece cannot be written now, the import waits.
 * @throws Problem 401 if the owner is gone; 409 `import-running`, which names the unfinished ones; 413 `too-large`;
 * 422 `invalid-file`, or if there is no such book
 */
export async function startImport(services: Services, request: ImportRequest): Promise<Progress> {
  const { ownerId, author, isDryRun, book, duplicates } = request
  const { db } = services
  const file = splitFile(request)
  await requireBook(db, ownerId, book, 'query/book')
  const row = await insertImport(db, ownerId, { file, isDryRun, book, duplicates, author, maxUnfinished })
  if (!row) {
    const unfinished = await findUnfinished(db, ownerId)
    throw unfinished.length < maxUnfinished ? sessionEnded() : tooMany(unfinished)
  }
  await expireImports(db, ownerId)
  try {
    return await continueImport(services, row)
  } catch (error) {
    // The file is stored: an error would make the client send it again.
    const present = error instanceof Problem ? await findImport(db, ownerId, row.id) : undefined
    if (!present) throw error
    const { rows: entries } = await listEntries(db, row.id, { limit: maxCards }, null)
    return { row: present, entries }
  }
}
