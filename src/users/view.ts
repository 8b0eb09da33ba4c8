import type { Configuration } from '../platform/config/configuration.ts'
import { avatarUrl } from '../platform/pictures/avatar.ts'
import type { User } from './schema.ts'
import type { Account } from './table.ts'

/** An account as its owner sees it. */
export function toUser(row: Account, config: Configuration): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    role: row.role,
    avatar: avatarUrl({ ...row, name: row.username }, config),
    confirmed: row.confirmed_at !== null,
    created_at: row.created_at,
    birthday_digest: row.birthday_digest,
    tz: row.tz,
    leap_day: row.leap_day,
  }
}
