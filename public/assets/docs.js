// Starts Swagger UI on /docs. A file of its own, because the page allows no inline script.

const dark = window.matchMedia('(prefers-color-scheme: dark)')
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', paint)
paint()

/** Answers that hold an id, and under which paths it is asked for next. */
const lists = {
  '/api/contacts': '/api/contacts/{id}',
  '/api/auth/sessions': '/api/auth/sessions/{id}',
  '/api/users/me/app-passwords': '/api/users/me/app-passwords/{id}',
  '/api/admin/users': '/api/admin/users/{id}',
  '/api/admin/outbox': '/api/admin/outbox/{id}',
}

/** Fills a parameter in wherever a path under `under` has it. */
function fill(paths, under, name, value) {
  for (const [route, operations] of Object.entries(paths)) {
    if (!route.startsWith(under)) continue
    for (const method of Object.keys(operations)) {
      window.ui.specActions.changeParam([route, method], name, 'path', value, false)
    }
  }
}

/**
 * What an answer tells is filled in where it is asked for next: ids in paths, the refresh token to refresh, the token
 * of a reset to choose the password.
 */
function remember(paths, { ok, url, body }) {
  const path = new URL(url, location.href).pathname.replace(/\/$/, '')
  if (!ok || !body) return
  if (path in lists) {
    // Of one's sessions, one that can be ended without ending what is being tried; of accounts, the newest: the first
    // may be one's own.
    const first = Array.isArray(body) ? (path === '/api/admin/users' ? body.at(-1) : body[0]) : body
    const one = Array.isArray(body) ? (body.find(({ current }) => current === false) ?? first) : body
    if (one?.id !== undefined) fill(paths, lists[path], 'id', one.id)
  }
  if (path.startsWith('/api/auth/reset-password/')) {
    fill(paths, '/api/auth/reset-password-confirmation/{token}', 'token', body.reset_password_confirmation_token)
  }
  if (path === '/api/auth/login' || path === '/api/auth/refresh') {
    const value = JSON.stringify({ refresh_token: body.refresh_token }, null, 2)
    const pathMethod = ['/api/auth/refresh', 'post']
    window.ui.oas3Actions.setRequestBodyValue({ value, pathMethod })
    // Or the example would take its place when the operation is opened.
    window.ui.oas3Actions.setRetainRequestBodyValueFlag({ value: true, pathMethod })
  }
}

const partAt = (api, path) => path.reduce((part, name) => part?.[name], api)

/** What a reference within the document is to (RFC 6901, sections 4 and 6). */
function referred(api, reference) {
  const [, ...names] = decodeURIComponent(reference).split('/')
  return partAt(
    api,
    names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')),
  )
}

/** A part of the document with its references followed, and their names kept; one that leads into itself stays. */
function resolve(api, part, within = []) {
  if (Array.isArray(part)) return part.map((each) => resolve(api, each, within))
  if (typeof part !== 'object' || part === null) return part
  const { $ref, ...beside } = part
  if (typeof $ref !== 'string') {
    return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, resolve(api, each, within)]))
  }
  if (within.includes($ref)) return part
  const whole = resolve(api, referred(api, $ref), [...within, $ref])
  return { ...whole, ...resolve(api, beside, within), $$ref: location.origin + $ref }
}

/**
 * Swagger UI reads the whole document anew for each part that it shows, which takes a second of CPU. Ours refers to
 * nothing outside itself, so that following its references takes a millisecond.
 */
const resolvePlugin = (api) => () => ({
  fn: {
    resolveSubtree: async (_, path) => ({ spec: resolve(api, partAt(api, path)), errors: [] }),
  },
})

async function start() {
  const answer = await fetch('/openapi.json')
  if (!answer.ok) throw new Error(`/openapi.json answered ${answer.status}.`)
  const api = await answer.json()
  window.ui = window.SwaggerUIBundle({
    dom_id: '#swagger-ui',
    // This very origin, whatever name the page was opened by: the page may call no other.
    spec: { ...api, servers: [{ url: location.origin }] },
    deepLinking: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    // The validator badge would be fetched from another host.
    validatorUrl: null,
    plugins: [window.authorizePlugin, resolvePlugin(api)],
    onComplete: () => window.rememberAuthorization(window.ui),
    responseInterceptor: (response) => {
      window.noteLogin(response)
      remember(api.paths, response)
      return response
    },
  })
}

start().catch((error) => {
  document.getElementById('swagger-ui').textContent = `The documentation could not be shown: ${error.message} Reload?`
})
