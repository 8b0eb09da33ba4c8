import { zValidator } from '@hono/zod-validator'
import { z } from 'zod'
import { confirmEmail } from '../auth/routes.ts'
import { findConfirmation } from '../auth/store.ts'
import { tokenHash } from '../platform/crypto/keys.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { health } from './health.ts'
import { Layout } from './layout.tsx'
import { pagePolicy } from './policy.ts'
import { explanations } from './problems.ts'

export const pageRoutes = createRouter()
for (const path of ['/', '/confirm-email/*', '/problems/*']) pageRoutes.use(path, pagePolicy)

pageRoutes.get('/', async (c) => {
  const { status, database, mail, version } = await health(c)
  return c.html(
    <Layout title="Vizitka: your contacts at the edge">
      <h1>Your contacts, at the edge</h1>
      <p class="lead">
        Vizitka is a contact book with an API of its own: accounts, people, their phones and birthdays, yours alone.
      </p>
      <p class="actions">
        <a class="button" href="/docs">
          Try it
        </a>
        <a class="button quiet" href="/redoc">
          Read the reference
        </a>
        <a class="button quiet" href="/openapi.json">
          OpenAPI document
        </a>
      </p>
      <h2>
        Health <span class={`state ${status}`}>{status}</span>
      </h2>
      <dl class="facts">
        <dt>Database</dt>
        <dd>{database}</dd>
        <dt>Mail</dt>
        <dd>{mail}</dd>
        <dt>Version</dt>
        <dd>{version}</dd>
      </dl>
    </Layout>,
    status === 'ok' ? 200 : 503,
  )
})

const NoSuchLink = () => (
  <Layout title="This link does not work">
    <h1>This link does not work</h1>
    <p>It has expired, or a newer letter has replaced it. Ask for a new letter where you signed up.</p>
  </Layout>
)

const Confirmed = () => (
  <Layout title="Address confirmed">
    <h1>Your address is confirmed</h1>
    <p>Thank you. You can log in now.</p>
    <p class="actions">
      <a class="button" href="/docs">
        Try it
      </a>
    </p>
  </Layout>
)

// GET changes nothing: mail scanners follow links. The button does.
pageRoutes.get('/confirm-email/:token', async (c) => {
  const found = await findConfirmation(c.var.db, tokenHash(c.req.param('token')))
  if (!found) return c.html(<NoSuchLink />, 404)
  if (found.confirmed) return c.html(<Confirmed />)
  return c.html(
    <Layout title="Confirm your email">
      <h1>Confirm your email</h1>
      <p>Press the button, and your account is ready.</p>
      <form method="post">
        <button class="button" type="submit">
          Confirm my address
        </button>
      </form>
    </Layout>,
  )
})

pageRoutes.post('/confirm-email/:token', zValidator('param', z.object({ token: z.string().max(200) })), async (c) => {
  try {
    await confirmEmail(c.var.db, c.req.valid('param').token)
  } catch (error) {
    if (error instanceof Problem && error.code === 'link-not-found') return c.html(<NoSuchLink />, 404)
    throw error
  }
  return c.html(<Confirmed />)
})

pageRoutes.get('/problems/:code', (c) => {
  const code = c.req.param('code')
  const meaning = Object.hasOwn(explanations, code) ? explanations[code] : undefined
  if (meaning === undefined) return c.notFound()
  return c.html(
    <Layout title={`Problem: ${code}`}>
      <h1>
        <code>{code}</code>
      </h1>
      <p>{meaning}</p>
      <p>
        Every answer carries a request id, in <code>X-Request-Id</code> and in the problem itself: name it when you ask
        for help.
      </p>
    </Layout>,
  )
})
