import { and, count, desc, eq, lt, type SQL, sql } from 'drizzle-orm'
import { timestamp } from '../platform/db/columns.ts'
import { fetchCounted } from '../platform/db/counted.ts'
import type { Database } from '../platform/db/database.ts'
import { selectAsRow } from '../platform/db/rows.ts'
import { type Cursor, type Page, type PageQuery, pageById } from '../platform/http/page.ts'
import { users } from '../users/table.ts'
import { type EventKind, type EventRow, eventColumns, events } from './table.ts'

/** The device and address that caused an event; null if no request did. */
export interface Origin {
  readonly device: string | null
  readonly address: string | null
}

/** The client of a request: the device that it names, and the address that the platform saw. */
export interface Client extends Origin {
  readonly address: string
}

/** An event of an account. */
export interface AuditEvent extends Origin {
  readonly kind: EventKind
  /** Who caused it, if that was somebody else. */
  readonly actorId?: number
  /** A detail, such as the new role. Never a secret. */
  readonly detail?: string | SQL<string>
}

/**
 * Inserts an event for the account that `whose` selects, or nothing if it selects none. For the batch of the change
 * itself.
 */
export function insertAuditEvent(db: Database, { actorId, ...event }: AuditEvent, userCondition: SQL | undefined) {
  const row = selectAsRow(events, {
    ...event,
    user_id: sql`${users.id}`,
    // Column names are written with their table, because Drizzle leaves the table out in a query of a single table.
    number: sql`(SELECT coalesce(max(events.number), 0) + 1 FROM events WHERE events.user_id = users.id)`,
    actor_id: actorId ?? null,
    created_at: timestamp(),
  })
  return db.insert(events).select(db.select(row).from(users).where(userCondition))
}

/** Records an event of an account, if the account still exists. */
export async function recordAuditEvent(db: Database, userId: number, event: AuditEvent): Promise<void> {
  await insertAuditEvent(db, event, eq(users.id, userId))
}

/** Lists an account's events, newest first, one page at a time. One round trip. */
export async function listEvents(
  db: Database,
  userId: number,
  query: PageQuery,
  cursor: Cursor | null,
): Promise<Page<EventRow>> {
  const userCondition = eq(events.user_id, userId)
  const page = db
    .select(eventColumns)
    .from(events)
    .where(and(userCondition, cursor ? lt(events.number, cursor.id) : undefined))
    .orderBy(desc(events.number))
    .limit(query.limit + 1)
    .offset(query.skip ?? 0)
  const counted = db.select({ total: count() }).from(events).where(userCondition)
  return pageById(await fetchCounted(db, page, query.total ? counted : null), query, 'events')
}

/** How long events are stored. */
const retentionDays = 180

/** Deletes old events. */
export const deleteOldEventsStatement = (db: Database) =>
  db.delete(events).where(lt(events.created_at, timestamp(Date.now() - retentionDays * 86_400_000)))
