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
    /** The picture that was uploaded (src/platform/pictures/reference.ts); null if none. */
    avatar: text('avatar'),
    /**
     * The vCard as it was received, line by line, without its larger files (parts.ts). The fields above are derived
     * from it. Null if the contact has no vCard.
     */
    card: text('card'),
    /** The id of its book; 0 for the owner's first book. */
    book_id: integer('book_id').notNull().default(0),
    /**
     * The UID of its vCard. Null if that had none: then it is the uid of the owner's first book, a hyphen, and the id.
     */
    uid: text('uid'),
    /** The resource name that a CardDAV client chose; null if none did. */
    uri: text('uri'),
    /** FN of its vCard. Null if it equals the first and the last name. */
    full_name: text('full_name'),
    /** Its labels, each between line breaks (labels-key.ts); empty if it has none. */
    labels_key: text('labels_key').notNull().default(''),
    /** Whether its vCard is a group. Its members have its name as a label (groups-store.ts), and lists leave it out. */
    is_group: integer('is_group', { mode: 'boolean' }).notNull().default(false),
    /** The names of the groups that it is in, in the form of labels_key. Written by triggers (migration 0009). */
    group_labels: text('group_labels').notNull().default(''),
    revision: integer('revision').notNull().default(1),
    /** The owner's change number of its last change (books/numbers-store.ts); 0 if that was before change numbers. */
    seq: integer('seq').notNull().default(0),
    /**
     * Who changed it last, as JSON (books/author.ts). A version gets the author of the change that replaced it
     * (migration 0011).
     */
    changed_by: text('changed_by'),
    created_at: timestampColumn('created_at').notNull(),
    updated_at: timestampColumn('updated_at').notNull(),
    // The following columns are computed from those above on every write (search/keys.ts), for filters and sorting.
    // SQLite folds only ASCII, so the Worker folds.
    first_name_key: text('first_name_key').notNull(),
    last_name_key: text('last_name_key').notNull(),
    email_key: text('email_key').notNull(),
    /** The digits of the phone number, then a space and those of its extension. */
    phone_key: text('phone_key').notNull(),
    /** The key by which lists are sorted (search/sort-key.ts). */
    name_key: text('name_key').notNull(),
    /** The text that `q` searches (search/keys.ts): the name, then the e-mail, the note, and the phone. */
    search_key: text('search_key').notNull().default(''),
    /** `MM-DD`, or `~` (which sorts after digits) if there is no birthday. */
    birthday_key: text('birthday_key').notNull(),
  },
  (table) => [
    index('contacts_by_name').on(table.owner_id, table.name_key, table.id),
    index('contacts_by_created').on(table.owner_id, table.created_at, table.id),
    index('contacts_by_number').on(table.owner_id, table.seq, table.updated_at, table.id),
    index('contacts_by_birthday').on(table.owner_id, table.birthday_key, table.id),
    // Covers a search: SQLite reads the owner's part of this index, and only the rows of the page.
    index('contacts_search').on(table.owner_id, table.search_key, table.name_key),
    uniqueIndex('contacts_by_uid').on(table.owner_id, table.uid, table.book_id).where(sql`uid IS NOT NULL`),
    uniqueIndex('contacts_by_uri').on(table.owner_id, table.uri, table.book_id).where(sql`uri IS NOT NULL`),
    index('contacts_by_label')
      .on(table.owner_id, table.labels_key, table.group_labels)
      .where(sql`labels_key <> '' OR group_labels <> ''`),
    // Leaves out the first book, so that accounts with only that book pay nothing for this index.
    index('contacts_by_book')
      .on(table.owner_id, table.book_id, table.is_group, table.name_key, table.id)
      .where(sql`book_id <> 0`),
    index('contacts_by_avatar').on(table.avatar).where(sql`avatar IS NOT NULL`),
    index('contacts_groups').on(table.owner_id, table.id).where(sql`is_group = 1`),
    index('contacts_favorite').on(table.owner_id, table.name_key, table.id).where(sql`favorite = 1`),
    check('contacts_named', sql`first_name IS NOT NULL OR last_name IS NOT NULL`),
  ],
)

/** The uid of the first book of a contact's owner. */
const bookUid = sql<string>`(
  SELECT books.uid FROM books WHERE books.owner_id = contacts.owner_id AND books.slug = ${sql.raw(`'${firstBook}'`)}
)`

/** The UID of a contact, as `uidOf` computes it. */
export const effectiveUid = sql<string>`coalesce(contacts.uid, ${bookUid} || '-' || contacts.id)`

/**
 * The columns that are read to show or change a contact. Search keys are left out: they are as long as all the rest.
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

/** The same with the vCard, which a change needs and lists do not. */
export const storedColumns = {
  ...contactColumns,
  card: contacts.card,
  uid: contacts.uid,
  group_labels: contacts.group_labels,
  is_group: contacts.is_group,
  book_id: contacts.book_id,
  /** The slug of its book. */
  book: bookSlug(sql`contacts.book_id`).as('book'),
  /** The uid of the owner's first book, with which generated UIDs begin in every book. */
  book_uid: bookUid.as('book_uid'),
} as const

export type StoredRow = Pick<typeof contacts.$inferSelect, Exclude<keyof typeof storedColumns, 'book' | 'book_uid'>> & {
  readonly book: string
  readonly book_uid: string
}

/** Returns whether a row was read with its vCard. */
export const isStoredRow = (row: ContactRow | StoredRow): row is StoredRow => 'card' in row

/** The members of groups: a row for each UID that a group's vCard names, even if there is no such contact. */
export const groupMembers = sqliteTable(
  'group_members',
  {
    /** The contact that is the group. */
    group_id: integer('group_id').notNull(),
    uid: text('uid').notNull(),
    owner_id: integer('owner_id').notNull(),
    /** The group's name, in the form of `group_labels`. */
    label: text('label').notNull(),
    /** The group's name, in the form of a search key (search/keys.ts). */
    search: text('search').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.group_id, table.uid] }),
    index('group_members_by_uid').on(table.owner_id, table.uid, table.group_id, table.label, table.search),
  ],
)

/** Files in vCards that are larger than 1 KB, as the lines that were received (parts.ts). */
export const cardParts = sqliteTable(
  'card_parts',
  {
    id: integer('id').primaryKey(),
    owner_id: integer('owner_id').notNull(),
    /**
     * A trigger deletes them with the contact (migration 0008). A foreign key would cost every write of a contact a
     * lookup.
     */
    contact_id: integer('contact_id').notNull(),
    /** SHA-256 of the text, in hexadecimal. */
    hash: text('hash').notNull(),
    text: text('text').notNull(),
  },
  (table) => [uniqueIndex('card_parts_by_hash').on(table.contact_id, table.hash)],
)

/**
 * How far the recomputation of derived columns has come (search/key-store.ts): one row for contacts, and one for the
 * keys of usernames.
 */
export const searchKeyMigration = sqliteTable('contact_keying', {
  id: integer('id').primaryKey(),
  /** The version of the algorithm and of the alphabet (search/keys-version.ts). */
  version: text('version').notNull(),
  /** The id of the last row that was recomputed; null when all are. */
  done_to: integer('done_to'),
})

/**
 * The size of each account when it was last measured, and the change number up to which it may write before it is
 * measured again (size-store.ts). Triggers lower that number for large values (migration 0014). Accounts with few
 * changes have no row.
 */
export const accountSizes = sqliteTable('account_sizes', {
  owner_id: integer('owner_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  bytes: integer('bytes').notNull(),
  /** The change number at which it was measured: while that is the newest, the size is the same. */
  measured_at: integer('measured_at').notNull(),
  /** The last change number that is certain to fit. */
  fits_until: integer('fits_until').notNull(),
})

/** Idempotency keys of requests, so that a repeated request adds no contact. */
export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    owner_id: integer('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    key: text('key').notNull(),
    /** SHA-256 of the parsed body. */
    fingerprint: text('fingerprint').notNull(),
    /**
     * The contact that was added; it may have been deleted since. Null only within the batch of statements that adds
     * it. For a request with several operations: the last that was added, or 0 if none was.
     */
    contact_id: integer('contact_id'),
    /** The results of a request with several operations, as JSON (batch/store.ts). */
    result: text('result'),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.owner_id, table.key] }),
    index('idempotency_keys_created').on(table.created_at),
  ],
)
