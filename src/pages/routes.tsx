import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { health } from '../health/routes.ts'
import type { AppEnv } from '../platform/http/context.ts'
import { problemSchema } from '../platform/http/problem.ts'
import { notFound, onError } from '../platform/http/problem-response.ts'
import { createRouter } from '../platform/http/router.ts'
import { Layout } from './layout.tsx'
import { noStore, pagePolicy } from './policy.ts'
import { explanations } from './problems.ts'

export const pageRoutes = createRouter()
for (const path of ['/', '/problems/*']) pageRoutes.use(path, pagePolicy)

const states = {
  ok: 'ok',
  down: 'does not answer',
  late: 'late: letters have been waiting for 15 minutes and more',
  unknown: 'unknown',
} as const

pageRoutes.get('/', async (c) => {
  const { status, database, cache, gate, mail, version } = await health(c)
  const signup = `curl ${c.var.config.PUBLIC_URL}/api/auth/signup \\
  -H 'Content-Type: application/json' -d '{
    "username": "Ana",
    "email": "ana@example.com",
    "password": "correct horse battery"
  }'`
  return c.html(
    <Layout title="Vizitka: your contacts, at the edge">
      <h1>Your contacts, at the edge</h1>
      <p class="lead">
        Vizitka (<span lang="uk">візитка</span>, a visiting card) is a contact book with an API: people, their phones,
        e-mails and birthdays. It finds them in any script, tells birthdays in time, and runs close to wherever you are.
        What you keep here is yours alone.
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

      <ul class="features">
        <li>
          <strong>Finds everybody.</strong>
          <br />
          <code>jose</code> finds José, <code lang="uk">євген</code> finds <span lang="uk">ЄВГЕН</span>,{' '}
          <code>067 123</code> finds +380 67 123 45 67.
        </li>
        <li>
          <strong>Knows every birthday.</strong>
          <br />
          Across New Year, on 29 February, with or without the year, by your own clock.
        </li>
        <li>
          <strong>Forgives programs.</strong>
          <br />
          What is sent twice under one key is added once, limits are told before they are reached, and every error says
          what to do next.
        </li>
        <li>
          <strong>Stays yours.</strong>
          <br />
          See and end your sessions, take everything with you, or delete it: at the next request it holds.
        </li>
      </ul>

      <h2>Start in three steps</h2>
      <ol class="steps">
        <li>
          <strong>Sign up</strong>, <a href="/docs#/Accounts/signUp">on a page</a> or from a terminal:
          <pre tabindex={0}>
            <code>{signup}</code>
          </pre>
        </li>
        <li>
          <strong>Confirm your address</strong>: open the link in our letter and press its button.
        </li>
        <li>
          <strong>Log in</strong> with “Authorize” at <a href="/docs">/docs</a>, and{' '}
          <a href="/docs#/Contacts/createContact">add your first contact</a>.
          <br />
          <a href="/forgot-password">Forgot your password?</a>
        </li>
      </ol>

      <h2>
        Health <span class={`state ${status}`}>{status}</span>
      </h2>
      <dl class="facts">
        <dt>Database</dt>
        <dd>{states[database]}</dd>
        <dt>Cache</dt>
        <dd>{states[cache]}</dd>
        <dt>Gate</dt>
        <dd>{states[gate]}</dd>
        <dt>Mail</dt>
        <dd>{states[mail]}</dd>
        <dt>Version</dt>
        <dd>{version}</dd>
      </dl>
      <p class="note">
        For programs: <a href="/api/healthchecker">/api/healthchecker</a>
      </p>
    </Layout>,
    status === 'ok' ? 200 : 503,
    noStore,
  )
})

pageRoutes.get('/problems/:code', (c) => {
  const code = c.req.param('code')
  const meaning = Object.hasOwn(explanations, code) ? explanations[code] : undefined
  if (meaning === undefined) return notFoundHandler(c)
  return c.html(
    <Layout title={`Problem: ${code}`}>
      <p class="over">A problem that this API answers with</p>
      <h1>
        <code>{code}</code>
      </h1>
      <p>{marked(meaning)}</p>
      <p>
        Every answer carries a request id, in <code>X-Request-Id</code> and in the problem itself: name it when you ask
        for help.
      </p>
      <p class="actions">
        <a class="button" href="/redoc">
          Read the reference
        </a>
        <a class="button quiet" href="/docs">
          Try it
        </a>
      </p>
    </Layout>,
  )
})

/** Renders text in which `backticks` mark code. */
function marked(text: string) {
  return text.split('`').map((part, n) => (n % 2 === 1 ? <code>{part}</code> : part))
}

/** Whether the request comes from a person's browser, not from a program. */
const isPerson = (c: Context<AppEnv>): boolean =>
  c.req.header('Accept')?.includes('text/html') === true && !/^\/(api|feeds)\//.test(c.req.path)

/** 404 for a path that no route has: a page for a person, a problem for a program. */
export async function notFoundHandler(c: Context<AppEnv>): Promise<Response> {
  if (!isPerson(c)) return notFound(c)
  return apology(c, 404, 'There is nothing here', 'This address leads nowhere. It may be cut, or mistyped.')
}

/** Any error: a page for a person, a problem for a program. */
export async function errorHandler(error: Error, c: Context<AppEnv>): Promise<Response> {
  const problem = onError(error, c)
  if (!isPerson(c)) return problem
  const { title, detail } = problemSchema.parse(await problem.json())
  const retry = problem.headers.get('Retry-After')
  return apology(c, problem.status, title, detail, retry === null ? {} : { 'Retry-After': retry })
}

async function apology(
  c: Context<AppEnv>,
  status: number,
  title: string,
  detail: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  await pagePolicy(c, async () => {
    c.res = await c.html(
      <Layout title={title} unlisted>
        <h1>{title}</h1>
        <p>{detail}</p>
        <p class="actions">
          <a class="button" href="/">
            Go to the first page
          </a>
          <a class="button quiet" href="/redoc">
            Read the reference
          </a>
        </p>
      </Layout>,
      // The status of a problem is an error status, and those have bodies.
      status as ContentfulStatusCode,
      { ...noStore, ...headers, Vary: 'Accept' },
    )
  })
  return c.res
}
