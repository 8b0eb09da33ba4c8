import type { Configuration } from '../platform/config/configuration.ts'
import { etagsOf } from '../platform/http/etag.ts'
import { avatarUrl } from '../platform/pictures/avatar.ts'
import { detailsOf } from './content.ts'
import { fullName, pickFields } from './fields.ts'
import { type Contact, contactDetailsSchema } from './schema.ts'
import type { ContactRow, StoredRow } from './table.ts'
import { uidOf } from './uid.ts'

/** Makes the ETag of a contact at a revision. */
export const contactEtag = etagsOf(contactDetailsSchema)

/** The headers of a response with one contact. */
export const contactHeaders = ({ revision }: Pick<ContactRow, 'revision'>) => ({
  'Cache-Control': 'private, no-cache',
  ETag: contactEtag(revision),
})

/** A contact in the form that lists have. */
export function toContact(row: ContactRow, config: Configuration): Contact {
  const { first_name, last_name, ...others } = pickFields(row)
  const name = row.full_name ?? fullName(row)
  return {
    id: row.id,
    first_name,
    last_name,
    full_name: name,
    ...others,
    avatar: avatarUrl({ ...row, name }, config),
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}

/** A contact with all details, in the form of a response for one contact. */
export const toContactDetails = (row: StoredRow, config: Configuration) => ({
  ...toContact(row, config),
  uid: uidOf(row),
  book: row.book,
  ...detailsOf(row),
})
