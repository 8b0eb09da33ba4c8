// Starts Swagger UI on /docs. A file of its own, because the page allows no inline script.

const dark = window.matchMedia('(prefers-color-scheme: dark)')
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', paint)
paint()

/** What an answer tells is filled in where it is asked for next: the contact's id in paths, the refresh token to refresh. */
function remember(paths, { ok, url, body }) {
  const path = new URL(url, location.href).pathname.replace(/\/$/, '')
  if (!ok || !body) return
  if (path === '/api/contacts') {
    const id = (Array.isArray(body) ? body[0] : body)?.id
    if (id === undefined) return
    for (const [route, operations] of Object.entries(paths)) {
      if (!route.startsWith('/api/contacts/{id}')) continue
      for (const method of Object.keys(operations)) {
        window.ui.specActions.changeParam([route, method], 'id', 'path', id, false)
      }
    }
  }
  if (path === '/api/auth/login' || path === '/api/auth/refresh') {
    const value = JSON.stringify({ refresh_token: body.refresh_token }, null, 2)
    const pathMethod = ['/api/auth/refresh', 'post']
    window.ui.oas3Actions.setRequestBodyValue({ value, pathMethod })
    // Or the example would take its place when the operation is opened.
    window.ui.oas3Actions.setRetainRequestBodyValueFlag({ value: true, pathMethod })
  }
}

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
    responseInterceptor: (response) => {
      remember(api.paths, response)
      return response
    },
  })
}

start().catch((error) => {
  document.getElementById('swagger-ui').textContent = `The documentation could not be shown: ${error.message} Reload?`
})
