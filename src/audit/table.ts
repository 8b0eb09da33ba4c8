import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../platform/db/columns.ts'
import { eventKinds } from './schema.ts'

/** An append-only record: rows are added, and forgotten by age or with the account, never changed. */
export const events = sqliteTable(
  'events',
  {
    /** Never leaves: it counts everybody's events, so that one's own would tell what happens to others. */
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** Whose account. No foreign key: that an account was deleted is told after it is gone. */
    user_id: integer('user_id').notNull(),
    /**
     * Counted for each account; the event's id, for whoever reads it. A trigger numbers a row that comes without one.
     */
    number: integer('number').notNull().default(0),
    kind: text('kind', { enum: eventKinds }).notNull(),
    /** Who did it, where that is somebody else. */
    actor_id: integer('actor_id'),
    address: text('address'),
    device: text('device'),
    /** One word more, such as the new role. Never a secret. */
    detail: text('detail'),
    created_at: timestampColumn('created_at').notNull(),
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
