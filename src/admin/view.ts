import type { Configuration } from '../platform/config/configuration.ts'
import type { LetterRow } from '../platform/mail/outbox-store.ts'
import type { UserRow } from '../users/table.ts'
import { toUser } from '../users/view.ts'
import type { Letter, ManagedUser } from './schema.ts'

/** An account, as admins and moderators see it: without what concerns its owner's letters. */
export function toManagedUser(row: UserRow, config: Configuration): ManagedUser {
  const { birthday_digest: _digest, tz: _tz, leap_day: _leapDay, ...user } = toUser(row, config)
  return { ...user, disabled: row.disabled }
}

/** A letter, as admins see it: without its text, which may contain a secret link. */
export function toLetter(row: LetterRow): Letter {
  return {
    id: row.id,
    user_id: row.user_id,
    kind: row.kind,
    recipient: row.recipient,
    subject: row.subject,
    state: row.sent_at ? 'sent' : row.failed_at ? 'failed' : 'waiting',
    attempts: row.attempts,
    due_at: row.due_at,
    sent_at: row.sent_at,
    failed_at: row.failed_at,
    last_error: row.last_error,
    created_at: row.created_at,
  }
}
