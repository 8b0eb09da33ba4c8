import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { clientOf } from '../auth/client.ts'
import { signedIn } from '../auth/guard.ts'
import { authorOf } from '../books/author.ts'
import { contactHeaders } from '../contacts/view.ts'
import { etagHeader, requireUntagged, untaggedConditions } from '../platform/http/etag.ts'
import { json, problems } from '../platform/http/openapi.ts'
import { pageHeaders, parseCursor, setPageHeaders } from '../platform/http/page.ts'
import { createRouter } from '../platform/http/router.ts'
import { emptyWholeTrash, removeFromTrash } from './empty-trash.ts'
import { restoreContact } from './restore.ts'
import { restoredSchema, trashEntrySchema, trashIdSchema, trashQuerySchema } from './schema.ts'
import { listTrash } from './trash-store.ts'
import { toRestored, toTrashEntry } from './view.ts'

const tags = ['Trash']
const noCache = { 'Cache-Control': 'private, no-cache' }

export const trashRoutes = createRouter()

trashRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/',
    operationId: 'listTrash',
    summary: 'List the trash',
    description: 'Contacts that were deleted in the last 30 days, newest first, one page at a time.',
    request: { query: trashQuerySchema },
    responses: {
      200: { ...json('A page of the trash.', z.array(trashEntrySchema)), headers: pageHeaders },
      ...problems(401, 403, 422),
    },
  }),
  async (c) => {
    const query = c.req.valid('query')
    const { db, user, config } = c.var
    const { rows, next, total } = await listTrash(db, user.id, query, parseCursor(query, 'trash'))
    setPageHeaders(c, next, total)
    return c.json(
      rows.map((row) => toTrashEntry(row, config)),
      200,
      noCache,
    )
  },
)

trashRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:create'),
    tags,
    method: 'post',
    path: '/{id}/restore',
    operationId: 'restoreContact',
    summary: 'Restore a contact',
    description:
      'Restores a contact from the trash, with its id, vCard, labels and picture. If it was merged into another one, ' +
      'that one becomes what it was before, unless it has changed since.',
    request: { params: trashIdSchema, headers: untaggedConditions },
    responses: {
      200: { ...json('The contact.', restoredSchema), headers: etagHeader },
      ...problems(401, 403, 404, 409, 412),
    },
  }),
  async (c) => {
    requireUntagged(c)
    const target = { ownerId: c.var.user.id, id: c.req.valid('param').id, author: authorOf(c) }
    const restored = await restoreContact(c.var.services, target)
    return c.json(toRestored(restored, c.var.config), 200, contactHeaders(restored.row))
  },
)

trashRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:delete'),
    tags,
    method: 'delete',
    path: '/{id}',
    operationId: 'deleteFromTrash',
    summary: 'Delete a contact permanently',
    description: 'Deletes a contact in the trash, with its picture. This cannot be undone.',
    request: { params: trashIdSchema, headers: untaggedConditions },
    responses: { 204: { description: 'Deleted.' }, ...problems(401, 403, 404, 412) },
  }),
  async (c) => {
    requireUntagged(c)
    await removeFromTrash(c.var.services, c.var.user.id, c.req.valid('param').id)
    return c.body(null, 204)
  },
)

trashRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:delete'),
    tags,
    method: 'delete',
    path: '/',
    operationId: 'emptyTrash',
    summary: 'Empty the trash',
    description: 'Permanently deletes everything in the trash. This cannot be undone.',
    request: { headers: untaggedConditions },
    responses: { 204: { description: 'Empty.' }, ...problems(401, 403, 412) },
  }),
  async (c) => {
    requireUntagged(c)
    await emptyWholeTrash(c.var.services, c.var.user.id, clientOf(c))
    return c.body(null, 204)
  },
)
