import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { signedIn } from '../auth/guard.ts'
import { isPermitted, notPermitted } from '../auth/policy.ts'
import { authorOf } from '../books/author.ts'
import { contactDetailsSchema } from '../contacts/schema.ts'
import { contactHeaders, toContactDetails } from '../contacts/view.ts'
import {
  conditionsOf,
  etagHeader,
  requireUntagged,
  untaggedConditions,
  writeConditions,
} from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
import { pageHeaders, parseCursor, setPageHeaders } from '../platform/http/page.ts'
import { createRouter } from '../platform/http/router.ts'
import { dismissDuplicates } from './dismiss-duplicates.ts'
import { listDuplicates } from './list-duplicates.ts'
import { mergeContacts } from './merge-contacts.ts'
import { dismissalSchema, duplicatesQuerySchema, duplicatesSchema, mergeSchema } from './schema.ts'
import { toDuplicates } from './view.ts'

const tags = ['Contacts']

export const duplicateRoutes = createRouter()

duplicateRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/',
    operationId: 'listDuplicates',
    summary: 'List duplicates',
    description:
      'Contacts that seem to be the same person, one group after another: by an e-mail, the last nine digits of a ' +
      'phone, or name and birthday. Nothing is merged by itself.',
    request: { query: duplicatesQuerySchema },
    responses: {
      200: { ...json('A page of duplicates.', z.array(duplicatesSchema)), headers: pageHeaders },
      ...problems(401, 403, 422),
    },
  }),
  async (c) => {
    const query = c.req.valid('query')
    const { services, user, config } = c.var
    const { rows, next, total } = await listDuplicates(services, user.id, query, parseCursor(query, 'duplicates'))
    setPageHeaders(c, next, total)
    return c.json(
      rows.map((row) => toDuplicates(row, config)),
      200,
      { 'Cache-Control': 'private, no-cache' },
    )
  },
)

duplicateRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'post',
    path: '/dismiss',
    operationId: 'dismissDuplicates',
    summary: 'Say that contacts are not the same person',
    description: 'From then on, no two of them are listed as duplicates of one another. You can safely repeat this.',
    request: { headers: untaggedConditions, body: body(dismissalSchema) },
    responses: { 204: { description: 'Remembered.' }, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    requireUntagged(c)
    await dismissDuplicates(c.var.services, c.var.user.id, c.req.valid('json').ids)
    return c.body(null, 204)
  },
)

export const mergeRoutes = createRouter()

mergeRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'post',
    path: '/',
    operationId: 'mergeContacts',
    summary: 'Merge contacts',
    description:
      'Merges contacts into one, all or nothing: lists are united by value, and nothing of any is lost. The others go ' +
      'to the trash; restoring one of them undoes the merge. Also needs the permission to delete contacts. With ' +
      'If-Match, only if `into` is the version that you have read.',
    request: { headers: writeConditions, body: body(mergeSchema) },
    responses: {
      200: { ...json('The contact that the others were merged into.', contactDetailsSchema), headers: etagHeader },
      ...problems(...bodyProblems, 401, 403, 404, 409, 412),
    },
  }),
  async (c) => {
    const { services, user, config } = c.var
    if (!isPermitted(user.role, 'contacts:delete', config)) throw notPermitted(['contacts:delete'])
    const { into, ...merge } = c.req.valid('json')
    const target = { ownerId: user.id, id: into, author: authorOf(c), conditions: conditionsOf(c) }
    const row = await mergeContacts(services, target, merge)
    return c.json(toContactDetails(row, config), 200, contactHeaders(row))
  },
)
