import type { z } from 'zod'
import type { ContactRow } from '../contacts/table.ts'
import type { Services } from '../platform/ports.ts'
import type { birthdayQuerySchema } from './schema.ts'
import { findBirthdays } from './store.ts'
import { monthDaysBetween, type NextBirthday, todayIn, upcoming } from './upcoming.ts'

export type BirthdayQuery = z.infer<typeof birthdayQuerySchema>

/** Lists an owner's contacts with a birthday soon, soonest first, and by name within a day. */
export async function listUpcoming(
  { db }: Services,
  ownerId: number,
  { days, tz, leap_day, limit }: BirthdayQuery,
  now = new Date(),
): Promise<(ContactRow & NextBirthday)[]> {
  const today = todayIn(tz, now)
  const rows = await findBirthdays(db, ownerId, monthDaysBetween(today, days, leap_day), limit)
  return upcoming(rows, today, days, leap_day).slice(0, limit)
}
