import { SwaggerUI } from '@hono/swagger-ui'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { raw } from 'hono/html'
import { version } from '../../package.json'
import type { AppEnv } from '../platform/http/router.ts'
import { Layout } from './layout.tsx'
import { docsPolicy, redocPolicy } from './policy.ts'

const description = `A contact book at the edge. Sign up, confirm your address by the letter, log in, keep contacts.

Errors are \`application/problem+json\` (RFC 9457); \`code\` is for programs, \`detail\` for people.
Every path answers with and without a trailing slash.`

/** `/openapi.json` for all that is routed on `app`, and the two pages that show it. */
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
    description: 'Or paste an access token.',
  })
  const documents = new Map<string, ReturnType<typeof app.getOpenAPI31Document>>()
  app.get('/openapi.json', (c) => {
    // An absolute address, so that a copy of the document still says where the service is.
    const url = c.var.config.PUBLIC_URL
    // Made once in an isolate: it takes more CPU than any other answer.
    let document = documents.get(url)
    if (!document) {
      document = app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: { title: 'Vizitka', version, description, license: { name: 'MIT' } },
        servers: [{ url }],
      })
      documents.set(url, document)
    }
    return c.json(document, 200, { 'Cache-Control': 'public, max-age=300' })
  })

  // Not the `swaggerUI()` middleware: it names another host's files and starts them by an inline script.
  app.get('/docs', docsPolicy, (c) =>
    c.html(
      Layout({
        title: 'Vizitka: try it',
        at: '/docs',
        styles: ['/vendor/swagger-ui.css', '/assets/docs.css'],
        scripts: ['/vendor/swagger-ui-bundle.js', '/assets/docs.js'],
        children: raw(
          SwaggerUI({ url: '/openapi.json', manuallySwaggerUIHtml: () => '<div id="swagger-ui">Loading…</div>' }),
        ),
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
        children: raw('<div id="redoc">Loading…</div>'),
      }),
    ),
  )
}
