import { createRoute } from '@hono/zod-openapi'
import { signedIn } from '../auth/authenticate.ts'
import { revise } from '../platform/gate/revise.ts'
import { etag, etagHeader, isKnown, requireMatch } from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { userChangesSchema, userSchema } from '../users/schema.ts'
import { changeUser, toUser } from '../users/store.ts'

const tags = ['Me']
const me = { ...json('Your account.', userSchema), headers: etagHeader }
const tagged = (revision: number) => ({ 'Cache-Control': 'private, no-cache', ETag: etag(revision) })

export const accountRoutes = createRouter()

accountRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'get',
    path: '/me',
    summary: 'Who am I',
    responses: {
      200: me,
      304: { description: 'What you hold (If-None-Match) is still right.' },
      ...problems(401),
    },
  }),
  (c) => {
    const { user } = c.var
    if (isKnown(c, user.revision)) return c.body(null, 304, tagged(user.revision))
    return c.json(toUser(user), 200, tagged(user.revision))
  },
)

accountRoutes.openapi(
  createRoute({
    ...signedIn('account'),
    tags,
    method: 'patch',
    path: '/me',
    summary: 'Change my username or language',
    request: { body: body(userChangesSchema) },
    responses: { 200: me, ...problems(...bodyProblems, 401, 412) },
  }),
  async (c) => {
    const { db, user, gate } = c.var
    requireMatch(c, user.revision)
    const changes = c.req.valid('json')
    const changed = await revise(gate, user.revision, (revision) => changeUser(db, user.id, changes, revision))
    if (!changed) throw new Problem(401, 'session-revoked', 'This account is gone.')
    return c.json(toUser(changed), 200, tagged(changed.revision))
  },
)
