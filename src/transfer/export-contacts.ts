import type { Credential } from '../auth/credential.ts'
import { requireCredential } from '../auth/require-credential.ts'
import { requireBook } from '../contacts/require-book.ts'
import { hasOwnPictures, toVcard, type VcardForm } from '../contacts/vcard.ts'
import { toContactDetails } from '../contacts/view.ts'
import { streamText } from '../platform/http/text-stream.ts'
import { readStoredPicture } from '../platform/pictures/store.ts'
import type { Services } from '../platform/ports.ts'
import { csvHeader } from './csv/write.ts'
import { type ExportedContact, type ExportFilter, exportedContacts } from './export-store.ts'
import { csvOfRow } from './prepare-card.ts'

/** The formats of exported files. */
export type ExportFormat = { readonly kind: 'vcf'; readonly version: VcardForm } | { readonly kind: 'csv' | 'jsonl' }

/** What is exported, and for whom. */
export interface ContactExport extends Omit<ExportFilter, 'withoutGroups'> {
  readonly ownerId: number
  readonly format: ExportFormat
  readonly credential: Credential
}

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
  const pages = exportedContacts(db, ownerId, { ...filter, withoutGroups: format.kind !== 'vcf' })
  return streamText(pieces(services, pages, format), () => requireCredential(db, credential, config))
}

async function* pieces(
  services: Services,
  pages: AsyncIterable<readonly ExportedContact[]>,
  format: ExportFormat,
): AsyncGenerator<string> {
  // An empty text is a file, too.
  yield format.kind === 'csv' ? csvHeader() : ''
  for await (const contacts of pages) {
    const texts = await Promise.all(contacts.map((contact) => textOf(services, contact, format)))
    yield texts.join('')
  }
}

function textOf(services: Services, contact: ExportedContact, format: ExportFormat): string | Promise<string> {
  if (format.kind === 'vcf') return vcardOf(services, contact, format.version)
  const { row } = contact
  if (format.kind === 'jsonl') return `${JSON.stringify(toContactDetails(row, services.config))}\n`
  return csvOfRow(row)
}

async function vcardOf(services: Services, { row, parts }: ExportedContact, version: VcardForm): Promise<string> {
  const isGiven = row.avatar !== null && (row.card === null || (version !== 'stored' && !hasOwnPictures(row)))
  const photo = row.avatar !== null && isGiven ? await readStoredPicture(services, row.avatar) : null
  const text = toVcard(row, version, { photo, parts })
  // A stored vCard may lack the line break at its end; the next one begins on a line of its own.
  return /[\r\n]$/.test(text) ? text : `${text}\r\n`
}
