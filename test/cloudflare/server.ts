import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Account, type Asked, accountId, page, Refused, token } from './account.ts'
import { createDatabase, createNamespace, dumpOf, ofDatabase } from './storage.ts'
import { healthOf, ofScript } from './workers.ts'

/**
 * Starts a stand-in for Cloudflare's API with an empty account. `GET url/health/{script}` is the deployed Worker's
 * health check.
 */
export async function startCloudflare(): Promise<Account> {
  const server = createServer((request, response) => void answer(account, request, response))
  await new Promise<void>((done, failed) => server.once('error', failed).listen(0, '127.0.0.1', done))
  const account: Account = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    databases: new Map(),
    namespaces: new Map(),
    scripts: new Map(),
    domains: new Map(),
    dns: new Set(),
    requests: [],
    unknown: [],
    plan: 'paid',
    subdomain: 'ana',
    second: false,
    trouble: () => {},
    ill: undefined,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return account
}

async function answer(account: Account, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const { pathname, searchParams } = new URL(request.url ?? '/', account.url)
  const requested = `${request.method} ${pathname.replace('/client/v4', '')}`
  const body = await bytesOf(request)
  const dumped = pathname.match(/^\/dump\/([\w-]+)$/)?.[1]
  if (dumped) {
    response.end(dumpOf(account, dumped))
    return
  }
  const worker = pathname.match(/^\/health\/([\w-]+)$/)?.[1]
  if (worker) {
    const { status, body } = account.ill ?? healthOf(account, worker)
    send(status, body)
    return
  }
  account.requests.push(requested)
  try {
    account.trouble(requested)
    authorize(request)
    const type = request.headers['content-type'] ?? ''
    const result = await handle(account, requested, { body, type, query: searchParams })
    send(200, { success: true, errors: [], messages: [], ...(isPage(result) ? result : { result }) })
  } catch (error) {
    if (!(error instanceof Refused)) account.unknown.push(`${requested}: ${error}`)
    const { status, code, message } = error instanceof Refused ? error : new Refused(500, 0, String(error))
    send(status, { success: false, errors: [{ code, message }], messages: [], result: null })
  }
}

const isPage = (result: unknown): result is ReturnType<typeof page> =>
  typeof result === 'object' && result !== null && 'result_info' in result

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces)
}

function authorize({ headers, url }: IncomingMessage): void {
  if (url?.includes('/workers/assets/upload')) {
    if (headers.authorization !== 'Bearer upload-these') throw new Refused(401, 10000, 'Authentication error')
  } else if (headers.authorization !== `Bearer ${token}`) {
    if (url?.includes('/tokens/verify')) throw new Refused(401, 1000, 'Invalid API Token')
    throw new Refused(403, 10000, 'Authentication error')
  }
}

async function handle(account: Account, requested: string, { body, type, query }: Asked): Promise<unknown> {
  const json = () => JSON.parse(body.toString('utf8'))
  const own = `/accounts/${accountId}`
  const within = requested.replace(` ${own}`, ' ')
  switch (requested) {
    case 'GET /user/tokens/verify':
      return { id: 'ed17574386854bf78a67040be0a770b0', status: 'active' }
    case 'GET /user':
      return { id: '7c5dae5552338874e5053f2534d2767a', email: 'ana@example.com' }
    case 'GET /accounts':
      if (Number(query.get('per_page') ?? 20) > 50) throw new Refused(400, 1004, 'per_page must be at most 50')
      return page(accountsOf(account), query)
    case 'GET /memberships':
      return page(
        accountsOf(account).map((one) => ({ id: one.id, account: one, roles: ['Administrator'] })),
        query,
      )
  }
  if (within === requested && requested.includes('/accounts/')) throw new Refused(403, 10000, 'Authentication error')
  switch (within) {
    case 'GET /d1/database':
      return page(
        [...account.databases].map(([uuid, { name }]) => ({ uuid, name, version: 'production' })),
        query,
      )
    case 'POST /d1/database':
      return createDatabase(account, json().name)
    case 'GET /storage/kv/namespaces':
      return page(
        [...account.namespaces].map(([id, title]) => ({ id, title, supports_url_encoding: true })),
        query,
      )
    case 'POST /storage/kv/namespaces':
      return createNamespace(account, json().title)
    case 'GET /workers/subdomain':
      if (!account.subdomain) throw new Refused(404, 10007, 'workers.api.error.no_subdomain')
      return { subdomain: account.subdomain }
    case 'PUT /workers/subdomain':
      if (json().subdomain === 'taken') throw new Refused(409, 10031, 'workers.api.error.subdomain_unavailable')
      account.subdomain = json().subdomain
      return { subdomain: account.subdomain }
    case 'POST /workers/assets/upload':
      return { jwt: 'all-there' }
  }
  const exported = within.match(/^POST \/d1\/database\/([^/]+)\/export$/)?.[1]
  if (exported) {
    const result = { filename: `${exported}.sql`, signed_url: `${account.url}/dump/${exported}` }
    return { success: true, type: 'export', status: 'complete', at_bookmark: 'x', messages: [], result }
  }
  const database = within.match(/^(GET|POST) \/d1\/database\/([^/]+)(\/query)?$/)
  if (database) return ofDatabase(account, decodeURIComponent(database[2] ?? ''), database[3] ? json() : undefined)
  const [, method, kind, name = '', rest = ''] =
    within.match(/^(\w+) \/workers\/(services|scripts|workers)\/([\w-]+)\/?(.*)$/) ?? []
  if (!kind) throw new Error('nobody answers this')
  return ofScript(account, `${method} ${kind}/${rest}`, name, { body, type, query })
}

function accountsOf({ second }: Account) {
  const first = { id: accountId, name: 'Ana’s account' }
  return second ? [first, { id: 'c0ffee5a7d2e49168f3c0b5a7d2e4916', name: 'The school’s account' }] : [first]
}
