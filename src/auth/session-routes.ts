import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { requireUntagged, untaggedConditions, untaggedFault } from '../platform/http/etag.ts'
import { json, problems } from '../platform/http/openapi.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { clientOf } from './client.ts'
import { endUserSessions } from './end-sessions.ts'
import { type SessionEnv, signedIn } from './guard.ts'
import { sessionIdSchema, sessionSchema } from './schema.ts'
import { sessionCutoffs } from './session.ts'
import { listSessions } from './session-store.ts'

const tags = ['Accounts']

/** Routes to list and end the user's sessions. */
export const sessionRoutes = createRouter()

/** Whether the user has a session of this id. */
async function hasSession(c: Context<SessionEnv>, id: number): Promise<boolean> {
  const { db, user, config } = c.var
  return (await listSessions(db, user.id, sessionCutoffs(config))).some((session) => session.id === id)
}

sessionRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'post',
    path: '/logout',
    operationId: 'logOut',
    summary: 'Log out',
    description: 'Ends this session: its access and refresh tokens are refused from the next request on.',
    responses: { 204: { description: 'Ended.' }, ...problems(401, 403, 409) },
  }),
  async (c) => {
    await endUserSessions(c.var.services, c.var.user, { only: c.var.sessionId }, clientOf(c))
    return c.body(null, 204)
  },
)

sessionRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'get',
    path: '/sessions',
    operationId: 'listSessions',
    summary: 'List my sessions',
    description: 'All active sessions, the most recently used one first.',
    responses: { 200: json('The sessions that live.', z.array(sessionSchema)), ...problems(401, 403) },
  }),
  async (c) => {
    const { db, user, sessionId, config } = c.var
    const rows = await listSessions(db, user.id, sessionCutoffs(config))
    const views = rows.map(({ id, device, address, created_at, rotated_at }) => ({
      id,
      device,
      address,
      created_at,
      last_used_at: rotated_at,
      current: id === sessionId,
    }))
    return c.json(views, 200, { 'Cache-Control': 'private, no-cache' })
  },
)

sessionRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'delete',
    path: '/sessions',
    operationId: 'endOtherSessions',
    summary: 'Log out everywhere else',
    description: 'Ends every session but this one.',
    request: { headers: untaggedConditions },
    responses: { 204: { description: 'Ended.' }, ...problems(401, 403, 409, 412) },
  }),
  async (c) => {
    requireUntagged(c)
    await endUserSessions(c.var.services, c.var.user, { allBut: c.var.sessionId }, clientOf(c))
    return c.body(null, 204)
  },
)

sessionRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'delete',
    path: '/sessions/{id}',
    operationId: 'endSession',
    summary: 'End one of my sessions',
    description:
      'The tokens of that session are refused from the next request on. You may end the session that you are using.',
    request: { params: sessionIdSchema, headers: untaggedConditions },
    responses: { 204: { description: 'Ended.' }, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const { id } = c.req.valid('param')
    const { services, user } = c.var
    const fault = untaggedFault(c)
    if (fault && (await hasSession(c, id))) throw fault
    if (fault || (await endUserSessions(services, user, { only: id }, clientOf(c))) === 0)
      throw new Problem(404, 'not-found', 'You have no session with this id: it may have ended already.')
    return c.body(null, 204)
  },
)
