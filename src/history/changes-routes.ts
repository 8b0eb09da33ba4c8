import { createRoute } from '@hono/zod-openapi'
import { signedIn } from '../auth/guard.ts'
import { json, problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { listChanges } from './list-changes.ts'
import { changesQuerySchema, changesSchema } from './schema.ts'
import { toChange } from './view.ts'

export const changesRoutes = createRouter()

changesRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags: ['Contacts'],
    method: 'get',
    path: '/',
    operationId: 'listChanges',
    summary: 'List what changed',
    description:
      'For a client that keeps a copy of your contacts: read all contacts once, page by page, and after that only ' +
      'the changes. Apply changes in order. Groups of vCards are not listed.',
    request: { query: changesQuerySchema },
    responses: { 200: json('A page of changes.', changesSchema), ...problems(401, 403, 410, 422) },
  }),
  async (c) => {
    const { fields, ...query } = c.req.valid('query')
    const { services, user, config } = c.var
    const { rows, ...page } = await listChanges(services, user.id, { ...query, isWhole: fields === 'all' })
    return c.json({ changes: rows.map((row) => toChange(row, config)), ...page }, 200, {
      'Cache-Control': 'private, no-cache',
    })
  },
)
