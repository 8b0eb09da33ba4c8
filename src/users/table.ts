import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { withAsciiDomain } from '../platform/text/email.ts'
import { roles } from './config.ts'

export const users = sqliteTable(
  'users',
  {
    // AUTOINCREMENT: an id is never given twice, so no new person inherits what a deleted one left behind.
    id: integer('id').primaryKey({ autoIncrement: true }),
    username: text('username').notNull(),
    /** What the username is searched by: without case and accents, in any script. */
    username_key: text('username_key').notNull().default(''),
    /** As typed. Compared by {@link emailKey}. */
    email: text('email').notNull(),
    email_key: text('email_key').notNull(),
    password_hash: text('password_hash').notNull(),
    role: text('role', { enum: roles }).notNull().default('user'),
    disabled: integer('disabled', { mode: 'boolean' }).notNull().default(false),
    /** Whether the password opens nothing until a new one is chosen (`RESET_LOCKS_PASSWORD`). */
    password_barred: integer('password_barred', { mode: 'boolean' }).notNull().default(false),
    locale: text('locale', { enum: ['en', 'uk'] })
      .notNull()
      .default('en'),
    /** Which picture was given (src/platform/pictures/reference.ts); null where none was. */
    avatar: text('avatar'),
    /** When the address was confirmed; null until then. */
    confirmed_at: timestampColumn('confirmed_at'),
    /** Rises with every change of what the user's copy shows. */
    revision: integer('revision').notNull().default(1),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('users_email_key').on(table.email_key),
    // Who else is there, when one of them goes.
    index('users_admins').on(table.id).where(sql`role = 'admin'`),
    // The sweep of accounts that were never confirmed.
    index('users_unconfirmed').on(table.created_at).where(sql`confirmed_at IS NULL`),
    index('users_by_avatar').on(table.avatar).where(sql`avatar IS NOT NULL`),
    check('users_email_length', sql`length(email) <= 254`),
  ],
)

export type UserRow = typeof users.$inferSelect

/** The account as it may leave the store: without its password and what it is searched by. */
export type Account = Omit<UserRow, 'password_hash' | 'email_key' | 'username_key' | 'password_barred'>

/** What two spellings of one address have in common: NFC, trimmed, lower case, the domain in ASCII. */
export const emailKey = (email: string): string => withAsciiDomain(email.trim().normalize('NFC').toLowerCase())
