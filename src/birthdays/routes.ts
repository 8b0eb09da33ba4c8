import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { type SignedInEnv, signedIn } from '../auth/guard.ts'
import { json, problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { type BirthdayQuery, listUpcoming } from './list-upcoming.ts'
import { birthdayQuerySchema, upcomingSchema } from './schema.ts'
import { toUpcomingBirthday } from './view.ts'

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
  (c) => birthdaysResponse(c, c.req.valid('query')),
)

/** Returns the upcoming birthdays of one's own contacts. */
export async function birthdaysResponse(c: Context<SignedInEnv>, query: BirthdayQuery) {
  const { services, user, config } = c.var
  const rows = await listUpcoming(services, user.id, query)
  return c.json(
    rows.map((row) => toUpcomingBirthday(row, config)),
    200,
    { 'Cache-Control': 'private, no-cache' },
  )
}
