import { and, asc, between, eq, isNotNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import { isNoGroup, ownedBy } from '../contacts/scope.ts'
import { contacts } from '../contacts/table.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { jsonOf, selectAsRow } from '../platform/db/rows.ts'
import { type OutboxLetter, outboxRow } from '../platform/mail/outbox-store.ts'
import { outbox } from '../platform/mail/table.ts'
import { type UserRow, users } from '../users/table.ts'
import { digestKind } from './letter-kinds.ts'
import { shortName } from './store.ts'

/** The columns that the letters of a user depend on. */
const readerColumns = {
  id: users.id,
  email: users.email,
  locale: users.locale,
  birthday_digest: users.birthday_digest,
  tz: users.tz,
  leap_day: users.leap_day,
  next_digest_at: users.next_digest_at,
  digest_on: users.digest_on,
  disabled: users.disabled,
  confirmed_at: users.confirmed_at,
} as const

/** A user whose letter is due. */
export type DigestReader = Pick<UserRow, keyof typeof readerColumns>

/** Finds users whose letter is due, the longest waiting first. */
export const findDueReaders = (db: Database, now: string, limit: number): Promise<DigestReader[]> =>
  db
    .select(readerColumns)
    .from(users)
    .where(and(isNotNull(users.next_digest_at), lte(users.next_digest_at, now)))
    .orderBy(asc(users.next_digest_at), asc(users.id))
    .limit(limit)

/** A range of days of the year (`MM-DD`, inclusive) of one owner's contacts. */
export interface OwnerRange {
  readonly owner: number
  readonly from: string
  readonly to: string
  /** The last day, `YYYY-MM-DD`: who is born later is left out. */
  readonly until: string
}

/** A contact with a birthday, and its owner. */
export interface OwnedBirthday {
  readonly owner: number
  readonly first_name: string | null
  readonly last_name: string | null
  readonly full_name: string | null
  readonly birthday: string | null
  /** How many such contacts this owner has, with those beyond the limit. */
  readonly people: number
}

/**
 * Finds the contacts with a birthday in the ranges of several owners, by name: of each owner at most `limit`, those of
 * the soonest days. Full names are cut. One query; groups are left out.
 */
export function findBirthdaysOf(db: Database, ranges: readonly OwnerRange[], limit: number): Promise<OwnedBirthday[]> {
  const soonest = sql`item.key, ${contacts.birthday_key}, ${contacts.name_key}, ${contacts.id}`
  const ranked = db
    .select({
      owner: member<number>('owner').as('owner'),
      contact: sql<number>`${contacts.id}`.as('contact'),
      place: sql<number>`row_number() OVER (PARTITION BY ${member('owner')} ORDER BY ${soonest})`.as('place'),
      people: sql<number>`count(*) OVER (PARTITION BY ${member('owner')})`.as('people'),
    })
    .from(sql`json_each(${JSON.stringify(ranges)}) AS item`)
    // A cross join is done in this order, so that each range is one look-up in the index.
    .crossJoin(contacts)
    .where(
      and(
        ownedBy(member('owner')),
        between(contacts.birthday_key, member('from'), member('to')),
        // A birthday without a year (`--11-28`) comes before all years.
        lte(contacts.birthday, member('until')),
        isNoGroup,
      ),
    )
    .as('ranked')
  return db
    .select({
      owner: ranked.owner,
      first_name: contacts.first_name,
      last_name: contacts.last_name,
      full_name: shortName,
      birthday: contacts.birthday,
      people: ranked.people,
    })
    .from(ranked)
    .crossJoin(contacts)
    .where(and(eq(contacts.id, ranked.contact), lte(ranked.place, limit)))
    .orderBy(asc(contacts.name_key), asc(contacts.id))
}

/** The move of a user's next letter, and the letter that is due, if there is anything to say. */
export interface DigestStep {
  readonly userId: number
  /** `next_digest_at` as it was read: if it has moved since, another run was faster, and this one does nothing. */
  readonly dueAt: string | null
  /** When the letter after this one is due. */
  readonly nextAt: string | null
  /** The local date of this letter, `YYYY-MM-DD`. */
  readonly day: string
  readonly letter: OutboxLetter | null
}

/**
 * Queues letters and moves the users' next ones, in one batch. A letter is inserted only if its user still waits for
 * it, has had none for this day, has this address, and is neither disabled nor unconfirmed. So each day's letter is
 * queued once, whatever runs at the same time, and however often a run dies.
 */
export async function queueLetters(db: Database, steps: readonly DigestStep[]): Promise<void> {
  const letters = steps.flatMap(({ userId, dueAt, day, letter }) =>
    letter ? [{ ...outboxRow(letter, userId), due: dueAt, day }] : [],
  )
  const moves = steps.map(({ userId, dueAt, nextAt, day }) => ({ user_id: userId, due: dueAt, next: nextAt, day }))
  const inserts = jsonOf(letters).map((json) =>
    db.insert(outbox).select(
      db
        .select(selectAsRow(outbox, outboxValues))
        .from(sql`json_each(${json}) AS item`)
        .crossJoin(users)
        .where(
          and(
            isWaiting,
            sql`${users.email} = ${member('recipient')}`,
            sql`(${users.digest_on} IS NULL OR ${users.digest_on} < ${member('day')})`,
            sql`users.disabled = 0 AND users.confirmed_at IS NOT NULL AND users.birthday_digest IS NOT NULL`,
          ),
        ),
    ),
  )
  // The letters first: they depend on what the move changes.
  const [first, ...rest] = [
    ...inserts,
    db
      .update(users)
      .set({ next_digest_at: member('next'), digest_on: sql`max(coalesce(users.digest_on, ''), ${member('day')})` })
      .from(sql`json_each(${JSON.stringify(moves)}) AS item`)
      .where(isWaiting),
  ]
  if (first) await db.batch([first, ...rest])
}

/** Letters about birthdays of a user, or of all, that are not yet sent. */
const waitingDigests = (userId?: number) =>
  and(
    isNotNull(outbox.due_at),
    eq(outbox.kind, digestKind),
    userId === undefined ? undefined : eq(outbox.user_id, userId),
  )

/** Deletes the letters of a user that wait to be sent. */
export async function deleteWaitingLetters(db: Database, userId: number): Promise<void> {
  await db.delete(outbox).where(waitingDigests(userId))
}

/** Marks letters that were queued before a moment, and could not be sent since, as failed for good. */
export async function dropLateLetters(db: Database, before: string): Promise<void> {
  await db
    .update(outbox)
    .set({
      ...{ text: null, html: null, unsubscribe_url: null, due_at: null, failed_at: timestamp() },
      last_error: 'It was about a day that is over.',
      // If it is being sent, that attempt no longer writes its result.
      attempts: sql`attempts + 1`,
    })
    .where(and(waitingDigests(), lt(outbox.created_at, before)))
}

/** A member of the object that `json_each` is at. */
const member = <T = string>(name: string): SQL<T> => sql<T>`${sql.raw(`item.value ->> '${name}'`)}`

/** Whether a user's next letter is the one that was read. */
const isWaiting = sql`users.id = ${member('user_id')} AND users.next_digest_at = ${member('due')}`

/** The columns of a letter's row, read from JSON; the others get their defaults. */
const outboxValues = {
  user_id: member<number>('user_id'),
  kind: member('kind'),
  recipient: member('recipient'),
  subject: member('subject'),
  text: member('text'),
  html: member('html'),
  message_id: member('message_id'),
  unsubscribe_url: member('unsubscribe_url'),
  due_at: member('due_at'),
  created_at: member('created_at'),
}
