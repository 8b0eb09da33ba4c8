import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { signedIn } from '../auth/guard.ts'
import { authorOf } from '../books/author.ts'
import { contactDetailsSchema, contactIdSchema } from '../contacts/schema.ts'
import { contactHeaders, toContactDetails } from '../contacts/view.ts'
import { conditionsOf, etagHeader, writeConditions } from '../platform/http/etag.ts'
import { json, problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { listHistory, restoreVersion } from './restore-version.ts'
import { revisionSchema, versionSchema } from './schema.ts'
import { toVersion } from './view.ts'

const tags = ['Contacts']

export const historyRoutes = createRouter()

historyRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/{id}/history',
    operationId: 'listHistory',
    summary: 'List earlier versions of a contact',
    description:
      'The contact before each of its last changes, newest first: at most 20 versions and 256 KB. ' +
      'Changing the favourite flag makes no version.',
    request: { params: contactIdSchema },
    responses: { 200: json('The versions.', z.array(versionSchema)), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const { services, user, config } = c.var
    const rows = await listHistory(services, user.id, c.req.valid('param').id)
    return c.json(
      rows.map((row) => toVersion(row, config)),
      200,
      { 'Cache-Control': 'private, no-cache' },
    )
  },
)

historyRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'post',
    path: '/{id}/history/{revision}/restore',
    operationId: 'restoreVersion',
    summary: 'Restore an earlier version of a contact',
    description:
      'Restores the vCard or the fields, and the picture. The present state becomes a version. ' +
      'With If-Match, only if the contact is still as you read it.',
    request: { params: contactIdSchema.extend(revisionSchema), headers: writeConditions },
    responses: {
      200: { ...json('The contact.', contactDetailsSchema), headers: etagHeader },
      ...problems(401, 403, 404, 409, 412),
    },
  }),
  async (c) => {
    const { id, revision } = c.req.valid('param')
    const { services, user, config } = c.var
    const target = { ownerId: user.id, id, author: authorOf(c), conditions: conditionsOf(c) }
    const row = await restoreVersion(services, target, revision)
    return c.json(toContactDetails(row, config), 200, contactHeaders(row))
  },
)
