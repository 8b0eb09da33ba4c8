import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { time } from '../platform/db/columns.ts'
import { users } from '../users/table.ts'
import { eventKinds } from './schema.ts'

/** One signed-in device. Its refresh token is made of its id and generation; nothing of the token is stored. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    user_id: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Which refresh token is the current one. */
    generation: integer('generation').notNull().default(1),
    device: text('device'),
    address: text('address'),
    created_at: time('created_at').notNull(),
    /** When the refresh token was last rotated, or the session began. */
    rotated_at: time('rotated_at').notNull(),
  },
  (table) => [
    index('sessions_user').on(table.user_id),
    index('sessions_rotated').on(table.rotated_at),
    index('sessions_created').on(table.created_at),
  ],
)

/** A link in a letter: random, stored only as its hash. */
export const links = sqliteTable(
  'links',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    user_id: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    purpose: text('purpose', { enum: ['confirm-email', 'change-email', 'reset-password'] }).notNull(),
    token_hash: text('token_hash').notNull(),
    /** The address that the account is to have, where the link changes it. */
    email: text('email'),
    expires_at: time('expires_at').notNull(),
    created_at: time('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('links_token_hash').on(table.token_hash),
    index('links_user').on(table.user_id),
    index('links_expires').on(table.expires_at),
  ],
)

/** An append-only record: rows are added, and forgotten by age or with the account, never changed. */
export const events = sqliteTable(
  'events',
  {
    /** Never leaves: it counts everybody's events, so that one's own would tell what happens to others. */
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** Whose account. No foreign key: that an account was deleted is told after it is gone. */
    user_id: integer('user_id').notNull(),
    /** Counted for each account; the event's id, for whoever reads it. A trigger numbers a row that comes without one. */
    number: integer('number').notNull().default(0),
    kind: text('kind', { enum: eventKinds }).notNull(),
    /** Who did it, where that is somebody else. */
    actor_id: integer('actor_id'),
    address: text('address'),
    device: text('device'),
    /** One word more, such as the new role. Never a secret. */
    detail: text('detail'),
    created_at: time('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('events_by_number').on(table.user_id, table.number),
    index('events_created').on(table.created_at),
  ],
)

/** What is read of an event: its number is its id. */
export const eventColumns = {
  id: events.number,
  kind: events.kind,
  actor_id: events.actor_id,
  address: events.address,
  device: events.device,
  detail: events.detail,
  created_at: events.created_at,
} as const

export type EventRow = Omit<typeof events.$inferSelect, 'user_id' | 'number'>
export type EventKind = EventRow['kind']
