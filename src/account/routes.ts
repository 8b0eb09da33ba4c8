import { createRoute } from '@hono/zod-openapi'
import { signedIn } from '../auth/authenticate.ts'
import { touchUser } from '../auth/store.ts'
import { revise } from '../platform/gate/revise.ts'
import { changedMeanwhile, etag, etagHeader, isConditional, isKnown, requireMatch } from '../platform/http/etag.ts'
import { body, bodyProblems, json, problems } from '../platform/http/openapi.ts'
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
    responses: { 200: me, ...problems(...bodyProblems, 401, 409, 412) },
  }),
  async (c) => {
    const { db, user, gate } = c.var
    requireMatch(c, user.revision)
    const changes = c.req.valid('json')
    const changed = await revise(gate, user.revision, (revision) =>
      changeUser(db, user.id, changes, revision, isConditional(c) ? user.revision : undefined),
    )
    // Changed since it was read, or gone: whoever sent If-Match is told, and reads again.
    if (!changed) {
      // The gate has issued a revision that nothing was written with: the row catches up.
      await revise(gate, user.revision, (revision) => touchUser(db, user.id, revision))
      throw changedMeanwhile()
    }
    return c.json(toUser(changed), 200, tagged(changed.revision))
  },
)
