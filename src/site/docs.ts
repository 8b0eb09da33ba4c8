import { SwaggerUI } from '@hono/swagger-ui'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { html, raw } from 'hono/html'
import { version } from '../../package.json'
import type { AppEnv } from '../platform/http/router.ts'
import { docsPolicy, redocPolicy } from './policy.ts'

const description = `A contact book at the edge. Sign up, confirm your address by the letter, log in, keep contacts.

Errors are \`application/problem+json\` (RFC 9457); \`code\` is for programs, \`detail\` for people.
Every path answers with and without a trailing slash.`

/** `/openapi.json` for all that is routed on `app`, and the two pages that show it. */
export function documentation(app: OpenAPIHono<AppEnv>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'password', {
    type: 'oauth2',
    description: 'Log in here with your e-mail (as username) and password.',
    flows: { password: { tokenUrl: '/api/auth/login', scopes: {} } },
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Or paste an access token.',
  })
  app.doc31('/openapi.json', (c) => ({
    openapi: '3.1.0',
    info: { title: 'Vizitka', version, description, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: c.var.config.PUBLIC_URL }],
  }))

  // Not `swaggerUI()` itself: it names another host's files and starts them by an inline script.
  app.get('/docs', docsPolicy, (c) =>
    c.html(
      html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Vizitka: try it</title>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
  </head>
  <body>
    ${raw(
      SwaggerUI({
        url: '/openapi.json',
        manuallySwaggerUIHtml: () => `
    <link rel="stylesheet" href="/vendor/swagger-ui.css" />
    <div id="swagger-ui"></div>
    <script src="/vendor/swagger-ui-bundle.js"></script>
    <script src="/assets/docs.js"></script>`,
      }),
    )}
  </body>
</html>`,
    ),
  )

  app.get('/redoc', redocPolicy, (c) =>
    c.html(
      html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Vizitka: reference</title>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/assets/redoc.css" />
  </head>
  <body>
    <div id="redoc"></div>
    <script src="/vendor/redoc.standalone.js"></script>
    <script src="/assets/redoc.js"></script>
  </body>
</html>`,
    ),
  )
}
