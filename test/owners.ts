/** The tables, for tests that nothing of a deleted account stays. */
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { events } from '../src/audit/table.ts'
import { appPasswords, emailTokens, sessions } from '../src/auth/table.ts'
import { books, removed } from '../src/books/table.ts'
import { accountSizes, cardParts, contacts, groupMembers, idempotencyKeys } from '../src/contacts/table.ts'
import { versions } from '../src/history/table.ts'
import { distinctPairs } from '../src/merge/table.ts'
import { outbox } from '../src/platform/mail/table.ts'
import { importEntries, importPieces, imports } from '../src/transfer/table.ts'
import { users } from '../src/users/table.ts'

/** Every table, and its column with the owner. */
export const owners: Readonly<Record<string, readonly [table: SQLiteTable, owner: SQLiteColumn]>> = {
  users: [users, users.id],
  ...{ sessions: [sessions, sessions.user_id], links: [emailTokens, emailTokens.user_id] },
  ...{ app_passwords: [appPasswords, appPasswords.user_id], removed: [removed, removed.owner_id] },
  ...{ contacts: [contacts, contacts.owner_id], versions: [versions, versions.owner_id] },
  ...{ card_parts: [cardParts, cardParts.owner_id], group_members: [groupMembers, groupMembers.owner_id] },
  ...{ books: [books, books.owner_id], idempotency_keys: [idempotencyKeys, idempotencyKeys.owner_id] },
  ...{ account_sizes: [accountSizes, accountSizes.owner_id], outbox: [outbox, outbox.user_id] },
  ...{ events: [events, events.user_id], distinct_pairs: [distinctPairs, distinctPairs.owner_id] },
  ...{ imports: [imports, imports.owner_id], import_entries: [importEntries, importEntries.owner_id] },
  import_pieces: [importPieces, importPieces.owner_id],
}
