import { z } from 'zod'
import { toOwnEvent } from '../audit/view.ts'
import { requireSession } from '../auth/session.ts'
import { putParts } from '../contacts/parts.ts'
import { toContact } from '../contacts/view.ts'
import { toTrashEntry, toVersion } from '../history/view.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { streamText } from '../platform/http/text-stream.ts'
import { toImport } from '../transfer/view.ts'
import type { Account } from '../users/table.ts'
import { toUser } from '../users/view.ts'
import { exportedRows } from './store.ts'

/** The large files of a vCard, by their hashes. */
const partsSchema = z.record(z.string(), z.string())

const wholeCard = (card: string, parts: string): string =>
  putParts(
    card,
    Object.entries(partsSchema.parse(JSON.parse(parts))).map(([hash, text]) => ({ hash, text })),
  )

/** Yields the text of the export in pieces, which together are valid JSON. */
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
  yield* list('imports', exportedRows.imports(db, user.id), toImport)
  yield* list('distinct_contacts', exportedRows.distinct(db, user.id), ({ first_id, second_id, created_at }) => ({
    contacts: [first_id, second_id],
    created_at,
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

/**
 * Streams all data of an account as JSON. Reads the database only as fast as the client reads: one page of one table is
 * in memory, however large the book is. If the database fails or the session ends, the stream breaks off, and what has
 * arrived is not valid JSON.
 */
export const exportAccount = (
  db: Database,
  user: Account,
  config: Configuration,
  sessionId: number,
): Promise<ReadableStream<Uint8Array>> =>
  streamText(pieces(db, user, config), () => requireSession(db, sessionId, config))
