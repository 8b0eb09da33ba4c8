import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'
import { scopes } from './schema.ts'

/** A session on one device. The refresh token is made of its id and generation; it is not stored. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    user_id: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** The generation of the current refresh token. */
    generation: integer('generation').notNull().default(1),
    device: text('device'),
    address: text('address'),
    created_at: timestampColumn('created_at').notNull(),
    /** When the refresh token was last rotated, or the session began. */
    rotated_at: timestampColumn('rotated_at').notNull(),
  },
  (table) => [
    index('sessions_user').on(table.user_id),
    index('sessions_rotated').on(table.rotated_at),
    index('sessions_created').on(table.created_at),
  ],
)

/** An app password of a phone or program: random, stored only as its hash. */
export const appPasswords = sqliteTable(
  'app_passwords',
  {
    // AUTOINCREMENT: changes refer to an app password by its id, so ids must not be reused.
    id: integer('id').primaryKey({ autoIncrement: true }),
    user_id: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    token_hash: text('token_hash').notNull(),
    name: text('name').notNull(),
    scope: text('scope', { enum: scopes }).notNull(),
    /** A UTC day; null before the first use. */
    last_used_on: text('last_used_on'),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('app_passwords_token_hash').on(table.token_hash),
    index('app_passwords_user').on(table.user_id),
  ],
)

/** A link in a letter: random, stored only as its hash. */
export const emailTokens = sqliteTable(
  'links',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    user_id: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    purpose: text('purpose', { enum: ['confirm-email', 'change-email', 'reset-password'] }).notNull(),
    token_hash: text('token_hash').notNull(),
    /** The new address, if the link changes it. */
    email: text('email'),
    expires_at: timestampColumn('expires_at').notNull(),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('links_token_hash').on(table.token_hash),
    index('links_user').on(table.user_id),
    index('links_expires').on(table.expires_at),
  ],
)
