import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { withAsciiDomain } from '../platform/text/email.ts'
import { roles } from './config.ts'

export const users = sqliteTable(
  'users',
  {
    // AUTOINCREMENT: ids are never reused, so that no new user gets what a deleted one left behind.
    id: integer('id').primaryKey({ autoIncrement: true }),
    username: text('username').notNull(),
    /** The search key of the username: without case and accents, in any script. */
    username_key: text('username_key').notNull().default(''),
    /** As typed. Compared by {@link emailKey}. */
    email: text('email').notNull(),
    email_key: text('email_key').notNull(),
    password_hash: text('password_hash').notNull(),
    role: text('role', { enum: roles }).notNull().default('user'),
    disabled: integer('disabled', { mode: 'boolean' }).notNull().default(false),
    /** Whether the password is locked until a new one is chosen (`RESET_LOCKS_PASSWORD`). */
    password_barred: integer('password_barred', { mode: 'boolean' }).notNull().default(false),
    locale: text('locale', { enum: ['en', 'uk'] })
      .notNull()
      .default('en'),
    /** The reference to the uploaded picture (src/platform/pictures/reference.ts); null if there is none. */
    avatar: text('avatar'),
    /** How often a letter says whose birthday it is; null for never. */
    birthday_digest: text('birthday_digest', { enum: ['daily', 'weekly'] }),
    /** The time zone of these letters: an IANA name. */
    tz: text('tz').notNull().default('UTC'),
    /** On which day a birthday of 29 February is in other years. */
    leap_day: text('leap_day', { enum: ['feb28', 'mar1'] })
      .notNull()
      .default('mar1'),
    /** When the next of these letters is due; null without them. */
    next_digest_at: timestampColumn('next_digest_at'),
    /** The local date of the last of these letters; null before the first. */
    digest_on: text('digest_on'),
    /** When the address was confirmed; null until then. */
    confirmed_at: timestampColumn('confirmed_at'),
    /** Rises with every change of what cached copies contain. */
    revision: integer('revision').notNull().default(1),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('users_email_key').on(table.email_key),
    // To find other admins when one is demoted or deleted.
    index('users_admins').on(table.id).where(sql`role = 'admin'`),
    index('users_digest_due').on(table.next_digest_at).where(sql`next_digest_at IS NOT NULL`),
    // To delete accounts that were never confirmed.
    index('users_unconfirmed').on(table.created_at).where(sql`confirmed_at IS NULL`),
    index('users_by_avatar').on(table.avatar).where(sql`avatar IS NOT NULL`),
    check('users_email_length', sql`length(email) <= 254`),
  ],
)

export type UserRow = typeof users.$inferSelect

/** An account without its password and search keys, as it may leave the store. */
export type Account = Omit<
  UserRow,
  'password_hash' | 'email_key' | 'username_key' | 'password_barred' | 'next_digest_at' | 'digest_on'
>

/** Normalizes an address for comparison: NFC, trimmed, lower case, the domain in ASCII. */
export const emailKey = (email: string): string => withAsciiDomain(email.trim().normalize('NFC').toLowerCase())
