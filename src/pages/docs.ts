import { SwaggerUI } from '@hono/swagger-ui'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { raw } from 'hono/html'
import { version } from '../../package.json'
import type { Configuration, PolicyName } from '../platform/config/configuration.ts'
import type { AppEnv } from '../platform/http/context.ts'
import { problemExamples } from '../platform/http/openapi.ts'
import { openAnswers, tags } from './document.ts'
import { Layout } from './layout.tsx'
import { docsPolicy, redocPolicy } from './policy.ts'

const description = `A contact book at the edge. Sign up, confirm your address by the letter, log in, keep contacts.

Errors are \`application/problem+json\` (RFC 9457); \`code\` is for programs, \`detail\` for people. Responses that count against a
limit have its status in \`RateLimit\` and \`RateLimit-Policy\`. Every path works with and without a trailing slash; an unsupported method
is 405. A body over 1 MB, or a picture over 5 MB, is 413; a compressed one (\`Content-Encoding\`) is 415. An empty body counts as no
body, and only the type of a media type matters, not its parameters.

Texts are validated after the steps that \`x-normalized\` lists: \`trim\` removes surrounding blanks, \`nfc\` converts to Unicode's
composed form (\`nfkc\` to the compatible one), \`lf\` makes each line break one character, \`digits\` converts the digits of every script
to 0 to 9. \`paste\` undoes what copying does: it removes zero-width and direction characters, and converts no-break spaces to blanks,
dashes to \`-\`, full-width digits to digits. \`name\` removes what cannot be seen: at the ends blanks and invisible characters, within
U+00AD, U+061C, U+200B, U+200E, U+200F, U+202A to U+202E, U+2060 to U+206F and U+FEFF. A field or query parameter that a route does not
have is 422; a route without any ignores them.

Half of a surrogate pair is not a character (RFC 8259, section 8.2): a text with one is refused, and so is a text with more than 30 accents in a row on one letter.`

/** As an SPDX identifier, which OpenAPI 3.1 allows and some generators require. */
const license = { name: 'MIT', identifier: 'MIT' }

/** The text of a page that needs scripts, for browsers without them. */
const withoutScripts = (what: string): string =>
  `<noscript><p class="text">${what} needs JavaScript. Everything it shows is in <a href="/openapi.json">/openapi.json</a>.</p></noscript>`

const swaggerFrame = `${withoutScripts('This page')}
<p class="note">A tab stays signed in until it is closed or you log out: its session storage holds the access token, not your password.</p>
<div id="swagger-ui">Loading…</div>`

const redocFrame = `${withoutScripts('This page')}<div id="redoc">Loading…</div>`

/** Serves `/openapi.json` for all routes of `app`, and the two pages that show it. */
export function documentation(app: OpenAPIHono<AppEnv>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'password', {
    type: 'oauth2',
    description: 'Log in with your e-mail and password.',
    flows: { password: { tokenUrl: '/api/auth/login', scopes: {} } },
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'Or paste an access token, or an app password. Operations that take app passwords have `x-app-passwords`: the scope ' +
      'that is needed. A GET takes the scope `api:read`, too. An invalid app password counts against the address it ' +
      'comes from (`app-password-failures`).',
  })
  for (const [code, example] of problemExamples) app.openAPIRegistry.registerComponent('examples', code, example)
  const documents = new WeakMap<Configuration, object>()
  app.get('/openapi.json', (c) => {
    const { config } = c.var
    // Generated once per isolate, because it takes more CPU than any other response.
    const document = documents.get(config) ?? documentOf(app, config)
    documents.set(config, document)
    return c.json(document, 200, { 'Cache-Control': 'public, max-age=300' })
  })

  // Not the `swaggerUI()` middleware, which loads files from another host and starts them by an inline script.
  app.get('/docs', docsPolicy, (c) =>
    c.html(
      Layout({
        title: 'Vizitka: try it',
        at: '/docs',
        styles: ['/vendor/swagger-ui.css', '/assets/docs.css'],
        scripts: ['/vendor/swagger-ui-bundle.js', '/assets/docs-authorize.js', '/assets/docs.js'],
        children: raw(SwaggerUI({ url: '/openapi.json', manuallySwaggerUIHtml: () => swaggerFrame })),
      }),
    ),
  )

  app.get('/redoc', redocPolicy, (c) =>
    c.html(
      Layout({
        title: 'Vizitka: reference',
        at: '/redoc',
        styles: ['/assets/redoc.css'],
        scripts: ['/vendor/redoc.standalone.js', '/assets/redoc.js'],
        children: raw(redocFrame),
      }),
    ),
  )
}

function documentOf(app: OpenAPIHono<AppEnv>, config: Configuration): object {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Vizitka',
      version,
      description,
      license,
      contact: { name: 'Vizitka', url: config.PUBLIC_URL },
    },
    // An absolute URL, so that a copy of the document still says where the service is.
    servers: [{ url: config.PUBLIC_URL }],
    tags,
  })
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations)) {
      withLimits(operation, config)
      requireBody(operation)
      // Also on public operations, to say that they are public on purpose.
      operation.security ??= []
    }
  }
  openAnswers(document)
  return document
}

/**
 * Sets `required` on bodies with two forms. It cannot be set in the route, because zod-openapi would require both forms
 * at once.
 */
function requireBody(operation: { 'x-requires-body'?: boolean; requestBody?: { required?: boolean } }): void {
  if (operation['x-requires-body'] && operation.requestBody) operation.requestBody.required = true
  delete operation['x-requires-body']
}

/** Replaces the policy names of a route by their limits in this deployment. */
function withLimits(operation: { 'x-rate-limits'?: PolicyName[] | object[] }, config: Configuration): void {
  const policies = operation['x-rate-limits']
  if (!policies) return
  operation['x-rate-limits'] = policies.map((policy) => {
    if (typeof policy !== 'string') return policy
    const { quota, windowSeconds } = config.RATE_LIMITS[policy]
    return { policy, quota, window_seconds: windowSeconds }
  })
}
