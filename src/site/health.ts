import { createRoute } from '@hono/zod-openapi'
import { sql } from 'drizzle-orm'
import type { Context } from 'hono'
import { z } from 'zod'
import { version } from '../../package.json'
import type { Database } from '../platform/db/database.ts'
import { rootMessage } from '../platform/db/errors.ts'
import { type AppEnv, createRouter } from '../platform/http/router.ts'
import { mailIsWell } from '../platform/mail/outbox.ts'
import { users } from '../users/table.ts'

const state = z.enum(['ok', 'down'])

const healthSchema = z
  .strictObject({
    status: state,
    database: state,
    mail: z
      .enum(['ok', 'late', 'unknown'])
      .meta({ description: '`late`: a letter has been waiting for 15 minutes and more.' }),
    version: z.string(),
  })
  .meta({ id: 'Health', example: { status: 'ok', database: 'ok', mail: 'ok', version } })

type Health = z.infer<typeof healthSchema>

/** How long an isolate answers from what it saw last: a health check that is asked often must not become load. */
const heldSeconds = 10
let held: { health: Health; until: number } | undefined

/** How the service is. Never throws: that something is down is an answer. */
export async function health(c: Context<AppEnv>): Promise<Health> {
  if (held && Date.now() < held.until) return held.health
  const seen = await look(c.var.db)
  held = { health: seen, until: Date.now() + heldSeconds * 1000 }
  return seen
}

async function look(db: Database): Promise<Health> {
  try {
    await db.select({ one: sql`1` }).from(users).limit(1)
    return { status: 'ok', database: 'ok', mail: (await mailIsWell(db)) ? 'ok' : 'late', version }
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', health: 'database', error: rootMessage(error) }))
    return { status: 'down', database: 'down', mail: 'unknown', version }
  }
}

export const healthRoutes = createRouter()

healthRoutes.openapi(
  createRoute({
    tags: ['Service'],
    method: 'get',
    path: '/api/healthchecker',
    summary: 'How the service is',
    responses: {
      200: { description: 'Well.', content: { 'application/json': { schema: healthSchema } } },
      503: { description: 'The database is not.', content: { 'application/json': { schema: healthSchema } } },
    },
  }),
  async (c) => {
    const seen = await health(c)
    return c.json(seen, seen.status === 'ok' ? 200 : 503, { 'Cache-Control': 'no-store' })
  },
)
