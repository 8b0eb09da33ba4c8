import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { untaggedConditions, untaggedFault } from '../platform/http/etag.ts'
import { body, bodyProblems, json, location, problems } from '../platform/http/openapi.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { listAppPasswords } from './app-password-store.ts'
import { clientOf } from './client.ts'
import { makeAppPassword } from './create-app-password.ts'
import { signedIn } from './guard.ts'
import { revokeAppPassword } from './revoke-app-password.ts'
import { appPasswordIdSchema, appPasswordInputSchema, appPasswordSchema, newAppPasswordSchema } from './schema.ts'

const tags = ['App passwords']

/** Routes of the user's app passwords. They accept sessions only. */
export const appPasswordRoutes = createRouter()

appPasswordRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'get',
    path: '/',
    operationId: 'listAppPasswords',
    summary: 'List my app passwords',
    description: 'The oldest first, with the day of last use. The passwords themselves are stored nowhere.',
    responses: { 200: json('Those that live.', z.array(appPasswordSchema)), ...problems(401, 403) },
  }),
  async (c) => {
    const rows = await listAppPasswords(c.var.db, c.var.user.id)
    const views = rows.map(({ id, name, scope, last_used_on, created_at }) => ({
      id,
      name,
      scope,
      last_used_on,
      created_at,
    }))
    return c.json(views, 200, { 'Cache-Control': 'private, no-cache' })
  },
)

appPasswordRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'post',
    path: '/',
    operationId: 'createAppPassword',
    summary: 'Create an app password',
    description:
      'For one phone or program, instead of your own password. The answer shows it once: copy it then. You may have 25, ' +
      'and a letter tells you of each that is made.',
    request: { body: body(appPasswordInputSchema) },
    responses: {
      201: { ...json('Made. The password is in this answer only.', newAppPasswordSchema), headers: location },
      ...problems(...bodyProblems, 401, 403, 409),
    },
  }),
  async (c) => {
    const { services, user, sessionId } = c.var
    const request = { userId: user.id, sessionId, ...c.req.valid('json'), client: clientOf(c) }
    const { row, password } = await makeAppPassword(services, request)
    const { id, name, scope, created_at } = row
    return c.json({ id, name, scope, password, created_at }, 201, {
      'Cache-Control': 'no-store',
      Location: `/api/users/me/app-passwords/${id}`,
    })
  },
)

appPasswordRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'delete',
    path: '/{id}',
    operationId: 'revokeAppPassword',
    summary: 'Revoke an app password',
    description: 'It is refused from the next request on. What it has changed stays.',
    request: { params: appPasswordIdSchema, headers: untaggedConditions },
    responses: { 204: { description: 'Revoked.' }, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const { id } = c.req.valid('param')
    const { services, user, db } = c.var
    const fault = untaggedFault(c)
    if (fault && (await listAppPasswords(db, user.id)).some((one) => one.id === id)) throw fault
    if (fault || !(await revokeAppPassword(services, user, id, clientOf(c))))
      throw new Problem(404, 'not-found', 'You have no app password with this id: it may have been revoked already.')
    return c.body(null, 204)
  },
)
