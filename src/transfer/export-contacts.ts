import type { Credential } from '../auth/credential.ts'
import { requireCredential } from '../auth/require-credential.ts'
import { requireBook } from '../contacts/require-book.ts'
import type { StoredRow } from '../contacts/table.ts'
import { hasOwnPictures, toVcard, type VcardForm } from '../contacts/vcard.ts'
import { toContactDetails } from '../contacts/view.ts'
import { streamText } from '../platform/http/text-stream.ts'
import { findStoredPicture } from '../platform/pictures/store.ts'
import type { Services } from '../platform/ports.ts'
import { csvHeader } from './csv/write.ts'
import { type ExportedContact, type ExportFilter, exportedRows, withParts } from './export-store.ts'
import { csvOfRow } from './prepare-card.ts'

/** The formats of exported files. */
export type ExportFormat = { readonly kind: 'vcf'; readonly version: VcardForm } | { readonly kind: 'csv' | 'jsonl' }

/** What is exported, and for whom. */
export interface ContactExport extends Omit<ExportFilter, 'withoutGroups'> {
  readonly ownerId: number
  readonly format: ExportFormat
  readonly credential: Credential
}

/** How many contacts one query reads: a request may run 50 on Cloudflare's free plan. Pictures need further ones. */
const pageSize = 500
const vcardPageSize = 200

/**
 * Streams the contacts of an owner as a file, in the order in which they were added. Reads the database only as fast as
 * the client reads: one page of contacts is in memory. If the database fails, or the session or the app password ends,
 * the stream breaks off.
 * @throws Problem 422 if there is no such book; 503 if the first contacts cannot be read
 */
export async function exportContacts(
  services: Services,
  { ownerId, format, credential, ...filter }: ContactExport,
): Promise<ReadableStream<Uint8Array>> {
  const { db, config } = services
  if (filter.book !== undefined) await requireBook(db, ownerId, filter.book, 'query/book')
  const size = format.kind === 'vcf' ? vcardPageSize : pageSize
  const pages = exportedRows(db, ownerId, { ...filter, withoutGroups: format.kind !== 'vcf' }, size)
  return streamText(pieces(services, ownerId, pages, format), () => requireCredential(db, credential, config))
}

async function* pieces(
  services: Services,
  ownerId: number,
  pages: AsyncIterable<readonly StoredRow[]>,
  format: ExportFormat,
): AsyncGenerator<string> {
  // An empty text is a file, too.
  yield format.kind === 'csv' ? csvHeader() : ''
  for await (const rows of pages) {
    if (format.kind === 'vcf') yield* vcardTexts(services, ownerId, rows, format.version)
    else yield rows.map((row) => (format.kind === 'csv' ? csvOfRow(row) : jsonLine(services, row))).join('')
  }
}

async function* vcardTexts(
  services: Services,
  ownerId: number,
  rows: readonly StoredRow[],
  version: VcardForm,
): AsyncGenerator<string> {
  for await (const contacts of withParts(services.db, ownerId, rows)) {
    const texts = await Promise.all(contacts.map((contact) => vcardOf(services, contact, version)))
    yield texts.join('')
  }
}

const jsonLine = ({ config }: Services, row: StoredRow): string => `${JSON.stringify(toContactDetails(row, config))}\n`

/** The vCard of a contact. A picture that the store does not have is left out, so that it stops no export. */
async function vcardOf(services: Services, { row, parts }: ExportedContact, version: VcardForm): Promise<string> {
  const isGiven = row.avatar !== null && (row.card === null || (version !== 'stored' && !hasOwnPictures(row)))
  const photo = row.avatar !== null && isGiven ? await findStoredPicture(services, row.avatar) : null
  const text = toVcard(row, version, { photo, parts })
  // A stored vCard may lack the line break at its end; the next one begins on a line of its own.
  return /[\r\n]$/.test(text) ? text : `${text}\r\n`
}
