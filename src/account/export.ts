import { z } from 'zod'
import { toOwnEvent } from '../audit/view.ts'
import { requireSession } from '../auth/session.ts'
import { putParts } from '../contacts/parts.ts'
import { toContact } from '../contacts/view.ts'
import { toTrashEntry, toVersion } from '../history/view.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import type { Account } from '../users/table.ts'
import { toUser } from '../users/view.ts'
import { exportedRows } from './store.ts'

/** The larger files of a vCard, by their hashes. */
const partsSchema = z.record(z.string(), z.string())

const wholeCard = (card: string, parts: string): string =>
  putParts(
    card,
    Object.entries(partsSchema.parse(JSON.parse(parts))).map(([hash, text]) => ({ hash, text })),
  )

/** The text of the export, piece by piece: whole JSON once all are put together. */
async function* pieces(db: Database, user: Account, config: Configuration): AsyncGenerator<string> {
  const account = { ...toUser(user, config), locale: user.locale, confirmed_at: user.confirmed_at }
  yield `{"exported_at":${JSON.stringify(timestamp())},"account":${JSON.stringify(account)}`
  yield* list('sessions', exportedRows.sessions(db, user.id), ({ id, device, address, created_at, rotated_at }) => ({
    id,
    device,
    address,
    created_at,
    last_used_at: rotated_at,
  }))
  yield* list(
    'app_passwords',
    exportedRows.appPasswords(db, user.id),
    ({ id, name, scope, last_used_on, created_at }) => ({ id, name, scope, last_used_on, created_at }),
  )
  yield* list('links', exportedRows.links(db, user.id), ({ purpose, expires_at, created_at }) => ({
    purpose,
    expires_at,
    created_at,
  }))
  yield* list(
    'letters',
    exportedRows.letters(db, user.id),
    ({ kind, recipient, subject, created_at, sent_at, failed_at }) => ({
      kind,
      recipient,
      subject,
      created_at,
      sent_at,
      failed_at,
    }),
  )
  yield* list('events', exportedRows.events(db, user.id), toOwnEvent)
  yield* list('books', exportedRows.books(db, user.id), ({ slug, uid, name, description, color, created_at }) => ({
    slug,
    uid,
    name,
    description,
    color,
    created_at,
  }))
  yield* list('contacts', exportedRows.contacts(db, user.id), (row) => ({
    ...toContact(row, config),
    book: row.book,
  }))
  yield* list('vcards', exportedRows.vcards(db, user.id), ({ id, card, parts }) => ({
    contact: id,
    vcard: wholeCard(card, parts),
  }))
  yield* list('trash', exportedRows.trash(db, user.id), ({ parts, ...row }) => ({
    ...toTrashEntry(row, config),
    vcard: row.contact.card === null ? null : wholeCard(row.contact.card, parts),
  }))
  yield* list('versions', exportedRows.versions(db, user.id), ({ parts, ...row }) => ({
    ...toVersion(row, config),
    vcard: row.contact.card === null ? null : wholeCard(row.contact.card, parts),
  }))
  yield '}\n'
}

async function* list<Row>(
  name: string,
  pages: AsyncIterable<readonly Row[]>,
  view: (row: Row) => object,
): AsyncGenerator<string> {
  let before = `,"${name}":[`
  for await (const rows of pages) {
    yield before + rows.map((row) => JSON.stringify(view(row))).join(',\n')
    before = ',\n'
  }
  yield before === ',\n' ? ']' : `${before}]`
}

/** For how long whoever takes an export slowly counts as signed in, before that is asked again. */
const trustMs = 10_000

/**
 * Everything that is held about an account, as JSON that is read from the database only as fast as it is taken: one
 * page of one table is in memory, however large the book. A database that fails on the way breaks the stream off, and
 * so does the session's end; what came is not JSON then.
 */
export async function exportAccount(
  db: Database,
  user: Account,
  config: Configuration,
  sessionId: number,
): Promise<ReadableStream<Uint8Array>> {
  const text = pieces(db, user, config)
  // The account, and the first that is read: a database that is down is still a 503, and no file.
  const begun = [await text.next(), await text.next()]
  const encoder = new TextEncoder()
  let checkedAt = Date.now()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (Date.now() - checkedAt >= trustMs) {
          await requireSession(db, sessionId, config)
          checkedAt = Date.now()
        }
        const { value, done } = begun.shift() ?? (await text.next())
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await text.return(undefined)
      },
    },
    // Nothing is read ahead of who reads.
    { highWaterMark: 0 },
  )
}
