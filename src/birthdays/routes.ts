import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { type SignedInEnv, signedIn } from '../auth/guard.ts'
import { toContact } from '../contacts/view.ts'
import { json, problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { birthdayQuerySchema, upcomingSchema } from './schema.ts'
import { findBirthdays } from './store.ts'
import { monthDaysBetween, todayIn, upcoming } from './upcoming.ts'

export const birthdayRoutes = createRouter()

birthdayRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags: ['Contacts'],
    method: 'get',
    path: '/',
    operationId: 'listBirthdays',
    summary: 'List upcoming birthdays',
    description: 'Soonest first, across New Year, from today to today + days inclusive; by name within a day.',
    request: { query: birthdayQuerySchema },
    responses: { 200: json('Who has a birthday.', z.array(upcomingSchema)), ...problems(401, 403, 422) },
  }),
  (c) => birthdays(c, c.req.valid('query')),
)

/** The upcoming birthdays among one's own contacts, as an answer. */
export async function birthdays(
  c: Context<SignedInEnv>,
  { days, tz, leap_day, limit }: z.infer<typeof birthdayQuerySchema>,
) {
  const today = todayIn(tz, new Date())
  const { db, user, config } = c.var
  const rows = await findBirthdays(db, user.id, monthDaysBetween(today, days, leap_day), limit)
  const soonest = upcoming(rows, today, days, leap_day).slice(0, limit)
  const answer = soonest.map((row) => ({
    ...toContact(row, config),
    next_birthday: row.next_birthday,
    days_until: row.days_until,
    turns: row.turns,
  }))
  return c.json(answer, 200, { 'Cache-Control': 'private, no-cache' })
}
