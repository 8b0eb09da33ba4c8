import { createRoute } from '@hono/zod-openapi'
import { signedIn } from '../auth/guard.ts'
import { isPermitted, notPermitted } from '../auth/policy.ts'
import { authorOf } from '../books/author.ts'
import { idempotencyKeySchema } from '../contacts/schema.ts'
import { requireUntagged, untaggedConditions } from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { batchQuerySchema, batchSchema, type Operation } from './schema.ts'
import { batchResultsSchema, toResult } from './view.ts'
import { writeBatch } from './write-batch.ts'

/** The permission for an operation: the same as for its own route. */
const permissionOf = ({ update, delete: deletion }: Operation) =>
  update ? 'contacts:update' : deletion ? 'contacts:delete' : 'contacts:create'

export const batchRoutes = createRouter()

batchRoutes.openapi(
  createRoute({
    ...signedIn('contacts-batch', 'contacts:create', 'contacts:update', 'contacts:delete'),
    tags: ['Contacts'],
    method: 'post',
    path: '/',
    operationId: 'writeBatch',
    summary: 'Add, change and delete several contacts',
    description:
      'Runs up to 100 operations in order, as if each were a request of its own. The response has one result for ' +
      'each. With an Idempotency-Key, you can safely repeat the request.',
    request: {
      query: batchQuerySchema,
      headers: idempotencyKeySchema.extend(untaggedConditions.shape),
      body: body(batchSchema),
    },
    responses: {
      200: json('One result for each operation, in the same order.', batchResultsSchema),
      ...problems(...bodyProblems, 401, 403, 404, 409, 412),
    },
  }),
  async (c) => {
    requireUntagged(c)
    const { services, user, config, requestId } = c.var
    const outcomes = await writeBatch(services, {
      ownerId: user.id,
      author: authorOf(c),
      operations: c.req.valid('json').operations,
      atomic: c.req.valid('query').atomic ?? false,
      idempotencyKey: c.req.valid('header')['Idempotency-Key'],
      refusal: (operation) => {
        const permission = permissionOf(operation)
        return isPermitted(user.role, permission, config) ? undefined : notPermitted([permission])
      },
    })
    return c.json({ results: outcomes.map((outcome) => toResult(outcome, config, requestId)) }, 200, {
      'Cache-Control': 'private, no-cache',
    })
  },
)
