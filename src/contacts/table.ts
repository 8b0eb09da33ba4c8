import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { bookSlug, firstBook } from '../books/table.ts'
import { timestampColumn } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'
import { type FieldName, fields, mapFields } from './fields.ts'

const columnMakers = {
  text: (name: string) => text(name),
  flag: (name: string) => integer(name, { mode: 'boolean' }).notNull().default(false),
}

type FieldColumns = { [K in FieldName]: ReturnType<(typeof columnMakers)[(typeof fields)[K]['column']]> }

export const contacts = sqliteTable(
  'contacts',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    owner_id: integer('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    // first_name, last_name, email, …: a column for each field of fields.ts.
    ...mapFields<FieldColumns>((name) => columnMakers[fields[name].column](name)),
    /** Which picture was given (src/platform/pictures/reference.ts); null where none was. */
    avatar: text('avatar'),
    /**
     * The vCard that it came as, line for line, without its larger files (parts.ts): the fields above are derived from
     * it. Null where the fields are all there is.
     */
    card: text('card'),
    /** Which of its owner's books it is in; 0: the first. */
    book_id: integer('book_id').notNull().default(0),
    /** The UID that its vCard came with. Null where it came with none: then it is the book's uid and the id. */
    uid: text('uid'),
    /** The name that a CardDAV client gave its vCard. Null where none did. */
    uri: text('uri'),
    /** FN of its vCard. Null where that is the first and the last name. */
    full_name: text('full_name'),
    /** Its labels, each between line breaks (labels-key.ts); empty where it has none. */
    labels_key: text('labels_key').notNull().default(''),
    /** Whether its vCard is a group: its name is a label of its members (groups-store.ts), and no list shows it. */
    is_group: integer('is_group', { mode: 'boolean' }).notNull().default(false),
    /** The names of the groups that have it, as labels_key has labels. Triggers write it (migration 0009). */
    group_labels: text('group_labels').notNull().default(''),
    revision: integer('revision').notNull().default(1),
    /** Its owner's change number when it last changed (books/numbers-store.ts); 0: before there were any. */
    seq: integer('seq').notNull().default(0),
    /** Who changed it last, in JSON (books/author.ts): of the version before, who changed it (migration 0011). */
    changed_by: text('changed_by'),
    created_at: timestampColumn('created_at').notNull(),
    updated_at: timestampColumn('updated_at').notNull(),
    // What follows is derived from the above on every write (search/keys.ts): what lists are filtered and sorted by.
    // SQLite folds ASCII only, so the folding is ours.
    first_name_key: text('first_name_key').notNull(),
    last_name_key: text('last_name_key').notNull(),
    email_key: text('email_key').notNull(),
    /** The digits of the phone, and those of its extension after a blank. */
    phone_key: text('phone_key').notNull(),
    /** What lists are sorted by (search/sort-key.ts). */
    name_key: text('name_key').notNull(),
    /** All that `q` looks for it by (search/keys.ts): the name, then the e-mail, the note, and the phone. */
    search_key: text('search_key').notNull().default(''),
    /** `MM-DD`, or `~` (after every digit) where there is no birthday. */
    birthday_key: text('birthday_key').notNull(),
  },
  (table) => [
    index('contacts_by_name').on(table.owner_id, table.name_key, table.id),
    index('contacts_by_created').on(table.owner_id, table.created_at, table.id),
    index('contacts_by_number').on(table.owner_id, table.seq, table.updated_at, table.id),
    index('contacts_by_birthday').on(table.owner_id, table.birthday_key, table.id),
    // Covers a search: it reads the owner's part of this, and no row but those of the page.
    index('contacts_search').on(table.owner_id, table.search_key, table.name_key),
    uniqueIndex('contacts_by_uid').on(table.owner_id, table.uid, table.book_id).where(sql`uid IS NOT NULL`),
    uniqueIndex('contacts_by_uri').on(table.owner_id, table.uri, table.book_id).where(sql`uri IS NOT NULL`),
    index('contacts_by_label')
      .on(table.owner_id, table.labels_key, table.group_labels)
      .where(sql`labels_key <> '' OR group_labels <> ''`),
    // The contacts of the first book are in none: whoever has no other pays nothing for it.
    index('contacts_by_book')
      .on(table.owner_id, table.book_id, table.is_group, table.name_key, table.id)
      .where(sql`book_id <> 0`),
    index('contacts_by_avatar').on(table.avatar).where(sql`avatar IS NOT NULL`),
    index('contacts_groups').on(table.owner_id, table.id).where(sql`is_group = 1`),
    index('contacts_favorite').on(table.owner_id, table.name_key, table.id).where(sql`favorite = 1`),
    check('contacts_named', sql`first_name IS NOT NULL OR last_name IS NOT NULL`),
  ],
)

/** The uid of a contact's book. */
const bookUid = sql<string>`(
  SELECT books.uid FROM books WHERE books.owner_id = contacts.owner_id AND books.slug = ${sql.raw(`'${firstBook}'`)}
)`

/** The UID of a contact's vCard, as `uidOf` gives it. */
export const effectiveUid = sql<string>`coalesce(contacts.uid, ${bookUid} || '-' || contacts.id)`

/**
 * What is read of a contact to show or to change it. What lists are searched by stays in the database: it is as long as
 * all the rest.
 */
export const contactColumns = {
  id: contacts.id,
  ...mapFields<Pick<typeof contacts, FieldName>>((name) => contacts[name]),
  full_name: contacts.full_name,
  avatar: contacts.avatar,
  revision: contacts.revision,
  created_at: contacts.created_at,
  updated_at: contacts.updated_at,
} as const

export type ContactRow = Pick<typeof contacts.$inferSelect, keyof typeof contactColumns>

/** The same, with its vCard: what a change needs. Lists do without. */
export const storedColumns = {
  ...contactColumns,
  card: contacts.card,
  uid: contacts.uid,
  group_labels: contacts.group_labels,
  is_group: contacts.is_group,
  book_id: contacts.book_id,
  /** The slug of its book. */
  book: bookSlug(sql`contacts.book_id`).as('book'),
  /** The uid of its owner's first book, which UIDs begin with, whichever book it is in. */
  book_uid: bookUid.as('book_uid'),
} as const

export type StoredRow = Pick<typeof contacts.$inferSelect, Exclude<keyof typeof storedColumns, 'book' | 'book_uid'>> & {
  readonly book: string
  readonly book_uid: string
}

/** Whether a row was read with its vCard. */
export const isStoredRow = (row: ContactRow | StoredRow): row is StoredRow => 'card' in row

/** Who is in a group: a row for each UID that its vCard names, whether there is such a contact or not. */
export const groupMembers = sqliteTable(
  'group_members',
  {
    /** The group: a contact. */
    group_id: integer('group_id').notNull(),
    uid: text('uid').notNull(),
    owner_id: integer('owner_id').notNull(),
    /** The group's name, as a member's `group_labels` has it. */
    label: text('label').notNull(),
    /** The same, as a member's search key has it (search/keys.ts). */
    search: text('search').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.group_id, table.uid] }),
    index('group_members_by_uid').on(table.owner_id, table.uid, table.group_id, table.label, table.search),
  ],
)

/** Files of vCards that are larger than 1 KB, as the lines that they came as (parts.ts). */
export const cardParts = sqliteTable(
  'card_parts',
  {
    id: integer('id').primaryKey(),
    owner_id: integer('owner_id').notNull(),
    /**
     * A trigger deletes them with it (migration 0008): a foreign key would be looked up by every write of a contact.
     */
    contact_id: integer('contact_id').notNull(),
    /** SHA-256 of the text, in hexadecimal. */
    hash: text('hash').notNull(),
    text: text('text').notNull(),
  },
  (table) => [uniqueIndex('card_parts_by_hash').on(table.contact_id, table.hash)],
)

/**
 * How far derived columns have been made anew (search/key-store.ts): a row for those above, and one for the keys of
 * usernames.
 */
export const searchKeyMigration = sqliteTable('contact_keying', {
  id: integer('id').primaryKey(),
  /** Of how they are made, and by whose alphabet (search/keys-version.ts). */
  version: text('version').notNull(),
  /** The last row that was done; null once all are. */
  done_to: integer('done_to'),
})

/**
 * How much each account holds, as it was last measured, and up to which change number it may write before it is
 * measured again (size-store.ts). Triggers lower that for what is large (migration 0014). Accounts that have written
 * little have no row.
 */
export const accountSizes = sqliteTable('account_sizes', {
  owner_id: integer('owner_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  bytes: integer('bytes').notNull(),
  /** The change number that it was measured at: what has the same number has the same size. */
  measured_at: integer('measured_at').notNull(),
  /** The last change number that surely fits. */
  fits_until: integer('fits_until').notNull(),
})

/** What clients call their requests to add a contact (Idempotency-Key), so that one that is sent again adds none. */
export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    owner_id: integer('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    key: text('key').notNull(),
    /** SHA-256 of the body as it was understood. */
    fingerprint: text('fingerprint').notNull(),
    /**
     * What was added; it may be deleted since. Null only inside the batch of statements that adds it. Of a request of
     * several operations, the last that was added, and 0 where none was.
     */
    contact_id: integer('contact_id'),
    /** What a request of several operations was answered, in JSON (batch/store.ts). */
    result: text('result'),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.owner_id, table.key] }),
    index('idempotency_keys_created').on(table.created_at),
  ],
)
