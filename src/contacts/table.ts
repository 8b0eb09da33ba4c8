import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { time } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'

export const contacts = sqliteTable(
  'contacts',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    owner_id: integer('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    first_name: text('first_name'),
    last_name: text('last_name'),
    email: text('email'),
    phone: text('phone'),
    /** `YYYY-MM-DD`, or `--MM-DD` where the year is unknown. */
    birthday: text('birthday'),
    additional: text('additional'),
    favorite: integer('favorite', { mode: 'boolean' }).notNull().default(false),
    /** Which picture was given (src/platform/images/reference.ts); null where none was. */
    avatar: text('avatar'),
    revision: integer('revision').notNull().default(1),
    created_at: time('created_at').notNull(),
    updated_at: time('updated_at').notNull(),
    // What follows is derived from the above on every write (search.ts): what lists are filtered and sorted by.
    // SQLite folds ASCII only, so the folding is ours.
    first_name_key: text('first_name_key').notNull(),
    last_name_key: text('last_name_key').notNull(),
    email_key: text('email_key').notNull(),
    /** The digits of the phone. */
    phone_key: text('phone_key').notNull(),
    name_key: text('name_key').notNull(),
    /** `MM-DD`, or `~` (after every digit) where there is no birthday. */
    birthday_key: text('birthday_key').notNull(),
  },
  (table) => [
    index('contacts_by_name').on(table.owner_id, table.name_key, table.id),
    index('contacts_by_created').on(table.owner_id, table.created_at, table.id),
    index('contacts_by_updated').on(table.owner_id, table.updated_at, table.id),
    index('contacts_by_birthday').on(table.owner_id, table.birthday_key, table.id),
    index('contacts_favorite').on(table.owner_id, table.name_key, table.id).where(sql`favorite = 1`),
    check('contacts_named', sql`first_name IS NOT NULL OR last_name IS NOT NULL`),
  ],
)

export type ContactRow = typeof contacts.$inferSelect
