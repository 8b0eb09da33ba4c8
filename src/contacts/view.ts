import type { Configuration } from '../platform/config/configuration.ts'
import { avatarUrl } from '../platform/pictures/avatar.ts'
import type { Contact } from './schema.ts'
import { fullName } from './search.ts'
import type { ContactRow } from './table.ts'

/** A contact as its owner sees it. */
export function toContact(row: ContactRow, config: Configuration): Contact {
  return {
    id: row.id,
    first_name: row.first_name,
    last_name: row.last_name,
    full_name: fullName(row),
    email: row.email,
    phone: row.phone,
    birthday: row.birthday,
    additional: row.additional,
    favorite: row.favorite,
    avatar: avatarUrl({ ...row, name: fullName(row) }, config),
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}
