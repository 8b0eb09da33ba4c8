/**
 * A client of the contact book whose page is of another origin than the service. No dependency, and no state but this.
 */
const service = new URLSearchParams(location.search).get('service') ?? 'http://127.0.0.1:8787'
const pageSize = 2
let token = ''
let nextPage = ''
/** What this page holds of each contact that it has opened: its ETag, for If-None-Match and If-Match. */
const tags = new Map()

const element = (id) => document.getElementById(id)
element('here').textContent = location.origin
element('there').textContent = service

onSubmit('login', async ({ email, password }) => {
  const answer = await ask('POST', '/api/auth/login', { json: { email, password } })
  if (answer?.ok) token = answer.body.access_token
})
onSubmit('take', (given) => {
  token = given.token
})
onSubmit('add', async ({ first_name }) => {
  await ask('POST', '/api/contacts', { json: { first_name } })
})
element('health').addEventListener('click', () => ask('GET', '/api/healthchecker'))
element('read').addEventListener('click', () => {
  element('contacts').replaceChildren()
  return read(`/api/contacts?limit=${pageSize}&total=true`)
})
element('more').addEventListener('click', () => read(nextPage))

/** Shows one more page of contacts, and whether there is another (Link, RFC 8288). */
async function read(path) {
  const answer = await ask('GET', path)
  if (!answer?.ok) return
  const [, next = ''] = answer.headers.get('Link')?.match(/<([^>]*)>; rel="next"/) ?? []
  element('more').disabled = next === ''
  // Only where to go on: the service may name itself otherwise than this page does.
  nextPage = next.replace(/^https?:\/\/[^/]+/, '')
  element('contacts').append(...answer.body.map(row))
  element('count').textContent = `${element('contacts').children.length} of ${answer.headers.get('X-Total-Count')}`
}

/** A contact: open it for its ETag (again: has it changed?), then save what is typed, if nobody else has meanwhile. */
function row({ id, full_name, first_name }) {
  const path = `/api/contacts/${id}`
  const name = make('input', { value: first_name ?? '', disabled: true })
  name.setAttribute('aria-label', `New name for ${full_name}`)
  const save = make('button', { type: 'button', textContent: 'Save', disabled: true })
  const open = make('button', { type: 'button', textContent: 'Open' })
  const text = make('span', { textContent: full_name })
  open.addEventListener('click', async () => {
    const answer = await ask('GET', path, { headers: tags.has(path) ? { 'If-None-Match': tags.get(path) } : {} })
    if (!answer?.ok) return
    tags.set(path, answer.headers.get('ETag'))
    name.disabled = save.disabled = false
  })
  save.addEventListener('click', async () => {
    const headers = { 'If-Match': tags.get(path) }
    const answer = await ask('PATCH', path, { headers, json: { first_name: name.value } })
    if (!answer?.ok) return
    tags.set(path, answer.headers.get('ETag'))
    text.textContent = answer.body.full_name
  })
  const item = make('li')
  item.append(text, name, open, save)
  return item
}

/** Asks the service and shows what came. Undefined where the browser lets the script see nothing. */
async function ask(method, path, { json, headers = {} } = {}) {
  const authorized = token === '' ? {} : { Authorization: `Bearer ${token}` }
  const typed = json === undefined ? {} : { 'Content-Type': 'application/json' }
  // The health check takes no token: without a header of ours it is a simple request, asked without a preflight.
  const sent = path === '/api/healthchecker' ? headers : { ...authorized, ...typed, ...headers }
  const title = `${method} ${path.replace(/\?.*/, '')}`
  try {
    const response = await fetch(service + path, { method, headers: sent, body: json && JSON.stringify(json) })
    const text = await response.text()
    const body = text && /json/.test(response.headers.get('Content-Type')) ? JSON.parse(text) : text
    show(
      `${title} → ${response.status}`,
      response.status < 400 ? 'ok' : 'error',
      said(response, body),
      response.headers,
    )
    return { ok: response.ok, headers: response.headers, body }
  } catch (error) {
    show(`${title} → refused by the browser`, 'refused', [
      `${error}: ${service} does not list ${location.origin}, or is not there.`,
    ])
    return undefined
  }
}

/** What a problem (RFC 9457) says, and until when a 429 asks to wait. */
function said(response, body) {
  if (response.status < 400) return []
  const wait = response.headers.get('Retry-After')
  return [
    `${body.code}: ${body.detail}`,
    ...(body.errors ?? []).map(({ pointer, detail }) => `${pointer}: ${detail}`),
    ...(body.violated_policies ?? []).map((policy) => `Limited by ${policy}.`),
    ...(wait === null ? [] : [`Try again in ${wait} s.`]),
  ]
}

/** Adds an answer above the others: its title, what it says, and every header that the browser shows to this script. */
function show(title, kind, lines, headers = []) {
  const item = make('li', { className: kind, value: element('answers').children.length + 1 })
  const table = make('table')
  for (const [name, value] of headers) {
    const line = table.insertRow()
    line.append(make('th', { textContent: name, scope: 'row' }), make('td', { textContent: value }))
  }
  item.append(make('h3', { textContent: title }), ...lines.map((textContent) => make('p', { textContent })), table)
  element('answers').prepend(item)
}

function onSubmit(id, act) {
  element(id).addEventListener('submit', (event) => {
    event.preventDefault()
    return act(Object.fromEntries(new FormData(event.target)))
  })
}

function make(name, properties = {}) {
  return Object.assign(document.createElement(name), properties)
}
