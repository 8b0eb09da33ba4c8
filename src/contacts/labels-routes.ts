import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { signedIn } from '../auth/guard.ts'
import { authorOf } from '../books/author.ts'
import { requireUntagged, untaggedConditions } from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { line } from '../platform/text/fields.ts'
import { changeLabel } from './change-label.ts'
import { countLabels } from './labels-store.ts'

const tags = ['Contacts']
const noCache = { 'Cache-Control': 'private, no-cache' }
const label = line({ min: 1, max: 100 })
/** A label that there is: one of a vCard may be longer than one that is given here. */
const pathSchema = z.object({ name: z.string().min(1).max(2000).meta({ example: 'Friends' }) })

const labelSchema = z
  .object({ name: z.string(), count: z.int().meta({ description: 'How many contacts have it.' }) })
  .meta({ id: 'Label', example: { name: 'Friends', count: 12 } })

const changeSchema = z
  .object({
    changed: z.int().meta({ description: 'How many contacts were changed now.' }),
    more: z.boolean().meta({ description: 'Whether others still have the label: send the request again.' }),
    skipped: z
      .array(z.int())
      .meta({ description: 'Contacts that keep the label: their vCards have no room for a longer one. Shorten them.' }),
  })
  .meta({ id: 'LabelChange', example: { changed: 12, more: false, skipped: [] } })

export const labelRoutes = createRouter()

labelRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/',
    operationId: 'listLabels',
    summary: 'List labels',
    description: 'All labels that your contacts have, by the alphabet, and how many have each.',
    responses: { 200: json('The labels.', z.array(labelSchema)), ...problems(401, 403) },
  }),
  async (c) => {
    const { db, user, config } = c.var
    const { compare } = new Intl.Collator(config.SORT_LOCALE)
    const labels = await countLabels(db, user.id)
    return c.json(
      labels.toSorted((one, other) => compare(one.name, other.name)),
      200,
      noCache,
    )
  },
)

labelRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'patch',
    path: '/{name}',
    operationId: 'renameLabel',
    summary: 'Rename a label',
    description:
      'Of all contacts that have it, 500 at a time: send it again while `more` is true. A contact that has both labels keeps one.',
    request: {
      params: pathSchema,
      headers: untaggedConditions,
      body: body(z.strictObject({ name: label }).meta({ id: 'LabelName', example: { name: 'Colleagues' } })),
    },
    responses: { 200: json('How far it was renamed.', changeSchema), ...problems(...bodyProblems, 401, 403, 404, 412) },
  }),
  async (c) => {
    requireUntagged(c)
    const { name } = c.req.valid('param')
    const change = { label: name, next: c.req.valid('json').name, author: authorOf(c) }
    return c.json(await changeLabel(c.var.services, c.var.user.id, change), 200)
  },
)

labelRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'delete',
    path: '/{name}',
    operationId: 'removeLabel',
    summary: 'Take a label from all contacts',
    description: 'The contacts stay. 500 at a time: send it again while `more` is true.',
    request: { params: pathSchema, headers: untaggedConditions },
    responses: { 200: json('How far it was removed.', changeSchema), ...problems(401, 403, 404, 412) },
  }),
  async (c) => {
    requireUntagged(c)
    const change = { label: c.req.valid('param').name, next: null, author: authorOf(c) }
    return c.json(await changeLabel(c.var.services, c.var.user.id, change), 200)
  },
)
