import { z } from 'zod'
import { isAppPasswordActive } from '../auth/app-password-store.ts'
import { openToFeeds } from '../auth/guard.ts'
import {
  conditionsOf,
  etagHeader,
  matchesIfNoneMatch,
  notModified,
  readConditions,
  requireMatch,
} from '../platform/http/etag.ts'
import { problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { streamText } from '../platform/http/text-stream.ts'
import { calendarOf, feedEtag } from './feed.ts'
import { findFeedState } from './feed-store.ts'
import { beginCalendar, endCalendar, yearlyEvent } from './icalendar.ts'

/** Files for calendar programs, which send no header of ours: the app password is in the path. */
export const feedRoutes = createRouter()

const example =
  beginCalendar('Birthdays') +
  yearlyEvent(
    {
      uid: '5f0c9b1e2d3a48679c8b7a6f5e4d3c2b-7-birthday',
      date: '1918-04-03',
      summary: 'Birthday: Олесь Гончар (1918)',
      updatedAt: '2026-11-21T09:30:00.000Z',
    },
    'mar1',
  ) +
  endCalendar

const { middleware, ...documented } = openToFeeds('feed', 'contacts:read')

// The document only: `openapi` would make `/{token}.ics` a parameter named `token.ics`, which matches every path.
feedRoutes.openAPIRegistry.registerPath({
  ...documented,
  tags: ['Contacts'],
  method: 'get',
  path: '/birthdays/{token}.ics',
  operationId: 'getBirthdayCalendar',
  summary: 'Subscribe to birthdays as a calendar',
  description:
    'For calendar programs: a yearly event for the birthday of each contact and, if their vCards have any, for their ' +
    'anniversaries, in the language of your account. The token is an app password of the scope `feed`. Whoever has ' +
    'the address can read the calendar, until you revoke the app password.',
  request: {
    params: z.object({ token: z.string().meta({ description: 'An app password of the scope `feed`.' }) }),
    headers: readConditions,
  },
  responses: {
    200: {
      description: 'The calendar (RFC 5545).',
      headers: etagHeader,
      content: { 'text/calendar': { schema: { type: 'string' as const, example } } },
    },
    304: notModified,
    ...problems(403, 404, 412),
  },
})

feedRoutes.get('/birthdays/:token{\\w+\\.ics}', middleware, async (c) => {
  const { db, user, config, credential } = c.var
  const { number, uid } = await findFeedState(db, user.id)
  const etag = feedEtag(user, number, config)
  requireMatch(conditionsOf(c), etag)
  const headers = { 'Cache-Control': 'private, no-cache', ETag: etag }
  if (matchesIfNoneMatch(conditionsOf(c), etag)) return c.body(null, 304, headers)
  const text = await streamText(calendarOf(db, user, uid), async () => {
    if (!(await isAppPasswordActive(db, credential.id))) throw new Error('The app password of a feed was revoked.')
  })
  return c.body(text, 200, {
    ...headers,
    'Content-Type': 'text/calendar; charset=utf-8',
    'Content-Disposition': 'inline; filename="birthdays.ics"',
  })
})
