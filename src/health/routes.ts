import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { version } from '../../package.json'
import type { Database } from '../platform/db/database.ts'
import { gateOf } from '../platform/gate/client.ts'
import type { AppEnv } from '../platform/http/context.ts'
import { problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { isMailHealthy } from '../platform/mail/outbox-store.ts'
import { describeError } from '../platform/safe-errors.ts'
import { withTimeout } from '../platform/timeout.ts'
import { pingDatabase } from './store.ts'

const state = z.enum(['ok', 'down'])

const healthSchema = z
  .strictObject({
    status: state,
    database: state,
    cache: state.meta({ description: 'KV. While it is down, users are read from the database.' }),
    gate: state.meta({ description: 'Durable Objects. While they are down, only reading goes on.' }),
    mail: z.enum(['ok', 'late', 'unknown']).meta({
      description:
        '`late`: a letter has been waiting for 15 minutes and more, and not because its own recipient is refused.',
    }),
    version: z.string(),
    deployment: z.string().meta({
      description: 'The deployed version: the id that `wrangler deployments list` shows.',
    }),
  })
  .meta({
    id: 'Health',
    example: {
      ...{ status: 'ok', database: 'ok', cache: 'ok', gate: 'ok', mail: 'ok', version },
      deployment: '3d9a1f6c-8e52-4b07-a1c4-6f0e2d7b9a35',
    },
  })

type Health = z.infer<typeof healthSchema>

/** How long an isolate reuses its result, so that frequent health checks cause no load. */
const cacheSeconds = 10
let lastHealth: { health: Health; until: number } | undefined

/** Checks all parts. Never throws: a part that is down is a result. */
export async function health(c: Context<AppEnv>): Promise<Health> {
  if (lastHealth && Date.now() < lastHealth.until) return lastHealth.health
  const [stored, cache, gate] = await Promise.all([
    checkDatabase(c.var.db),
    stateOf('cache', () => withTimeout('KV', c.var.config.DEADLINES.cache, () => c.env.CACHE.get('health'))),
    stateOf('gate', () => gateOf(c.env, 'health').ping()),
  ])
  // Only the database decides the status. Without the other parts, the service does less or is slower.
  const seen: Health = { status: stored.database, ...stored, cache, gate, version, deployment: c.env.VERSION.id }
  lastHealth = { health: seen, until: Date.now() + cacheSeconds * 1000 }
  return seen
}

async function stateOf(part: string, ask: () => Promise<unknown>): Promise<'ok' | 'down'> {
  try {
    await ask()
    return 'ok'
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', health: part, error: describeError(error) }))
    return 'down'
  }
}

async function checkDatabase(db: Database): Promise<Pick<Health, 'database' | 'mail'>> {
  try {
    await pingDatabase(db)
    return { database: 'ok', mail: (await isMailHealthy(db)) ? 'ok' : 'late' }
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', health: 'database', error: describeError(error) }))
    return { database: 'down', mail: 'unknown' }
  }
}

export const healthRoutes = createRouter()

// No limit and no other problems: monitoring must always get a result.
const { 413: tooLarge } = problems(413)

healthRoutes.openapi(
  createRoute({
    tags: ['Service'],
    method: 'get',
    path: '/api/healthchecker',
    operationId: 'getHealth',
    summary: 'Check the health of the service',
    description:
      'The database, and what the service can do without for a while: 503 when it cannot do without. Seen at most every ten seconds.',
    responses: {
      200: { description: 'Healthy.', content: { 'application/json': { schema: healthSchema } } },
      413: tooLarge,
      503: { description: 'The database does not answer.', content: { 'application/json': { schema: healthSchema } } },
    },
  }),
  async (c) => {
    const seen = await health(c)
    return c.json(seen, seen.status === 'ok' ? 200 : 503, { 'Cache-Control': 'no-store' })
  },
)
