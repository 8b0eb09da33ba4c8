import { convertCard, type SentVersion } from '../cards/convert.ts'
import { makeCard } from '../cards/make.ts'
import { printCard } from '../cards/parse.ts'
import type { Inline } from '../cards/photo.ts'
import { pickFields } from './fields.ts'
import type { ContactRow } from './table.ts'

/** The versions of vCard that a contact is sent in. */
export const vcardVersions = ['3.0', '4.0'] as const satisfies readonly SentVersion[]

/** What is read of a contact to write it as a vCard. */
export interface VcardRow extends ContactRow {
  /** The uid of its book. */
  readonly book_uid: string
}

/**
 * A contact as a vCard. Its UID is the book's uid and the contact's id: the same in every version, and in no other
 * book.
 * The same row gives the same text. `photo` is the picture that it was given, which lies in the vCard: phones load none
 * from elsewhere.
 */
export function toVcard(row: VcardRow, version: SentVersion, photo: Inline | null = null): string {
  const { favorite, ...texts } = pickFields(row)
  const card = makeCard({
    ...texts,
    favorite,
    uid: `${row.book_uid}-${row.id}`,
    updated_at: new Date(row.updated_at),
    photo: photo ?? undefined,
  })
  return printCard(convertCard(card, version))
}

/** Rises when the same row gives another text than before: when what makes or converts cards changes. */
const format = { '3.0': 'v3', '4.0': 'v4' } as const satisfies Record<SentVersion, string>

/** The ETag of a contact as a vCard. It does not change with the members of the JSON: no phone reads all anew then. */
export const vcardEtag = (revision: number, version: SentVersion): string => `"${format[version]}-${revision}"`

/** The ETags of all versions of a contact's vCard at a revision: If-Match takes any of them. */
export const vcardEtags = (revision: number): string[] => vcardVersions.map((version) => vcardEtag(revision, version))
