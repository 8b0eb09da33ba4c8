import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { eventKinds } from './schema.ts'

/** An append-only log: rows are inserted, and deleted by age or with the account, never changed. */
export const events = sqliteTable(
  'events',
  {
    /** Never disclosed: it counts everybody's events, so it would show what happens to others. */
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** The account. No foreign key, because the event of a deletion stays after it. */
    user_id: integer('user_id').notNull(),
    /** Counted for each account; readers see it as the event's id. A trigger numbers rows without one. */
    number: integer('number').notNull().default(0),
    kind: text('kind', { enum: eventKinds }).notNull(),
    /** Who caused it, if that was somebody else. */
    actor_id: integer('actor_id'),
    address: text('address'),
    device: text('device'),
    /** A detail, such as the new role. Never a secret. */
    detail: text('detail'),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('events_by_number').on(table.user_id, table.number),
    index('events_created').on(table.created_at),
  ],
)

/** The columns of an event that are read: its number is its id. */
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
