import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { version as mailerVersion } from '../node_modules/worker-mailer/package.json'
import lock from '../package-lock.json'

/** What is asked of the registry: packages with their versions. */
type Asked = Record<string, string[]>
interface Advisory {
  readonly title: string
  readonly severity: string
}

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const versionOf = (name: string): string => {
  const found = Object.entries(lock.packages).find(([path]) => path === `node_modules/${name}`)?.[1]
  return found && 'version' in found ? found.version : ''
}

/** A registry that answers as npm's does, about the packages that `advisories` names; `asked` is what it was asked. */
async function registry(advisories: Record<string, Advisory>): Promise<{ url: string; requested: Asked[] }> {
  const requested: Asked[] = []
  const url = await listening(
    createServer(async (request, response) => {
      if (request.method === 'POST' && request.url === '/-/npm/v1/security/advisories/bulk') {
        expect(request.headers['content-type']).toBe('application/json')
        const gzipped = request.headers['content-encoding'] === 'gzip'
        const packages: Asked = JSON.parse(await text(gzipped ? request.pipe(createGunzip()) : request))
        requested.push(packages)
        const found = Object.entries(advisories).filter(([name]) => name in packages)
        return answer(
          response,
          200,
          Object.fromEntries(
            found.map(([name, advisory], at) => [
              name,
              [
                {
                  ...advisory,
                  id: 1000 + at,
                  url: `https://advisories.test/${name}`,
                  vulnerable_versions: '*',
                  cwe: [],
                  cvss: {},
                },
              ],
            ]),
          ),
        )
      }
      // Which versions an advisory concerns is worked out from all that there are.
      const name = decodeURIComponent(request.url?.slice(1) ?? '')
      const version = name === 'lodash' ? '4.17.15' : versionOf(name)
      if (request.method !== 'GET' || version === '') return answer(response, 404, { error: 'not_found' })
      answer(response, 200, { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version } } })
    }),
  )
  return { url, requested: requested }
}

/** A registry that does the same whatever it is asked. */
const stubborn = (act: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> =>
  listening(createServer(act))

async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((done) => server.close(() => done()))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Runs what `npm run audit` runs, with a registry, and no memory of others. */
async function audit(url: string): Promise<{ code: number | null; output: string; complained: string }> {
  const cache = mkdtempSync(join(tmpdir(), 'vizitka-npm-'))
  closers.push(() => rmSync(cache, { recursive: true, force: true }))
  const env = { ...process.env, npm_config_registry: url, npm_config_cache: cache }
  const child = spawn(process.execPath, ['scripts/audit.ts'], { env })
  const ended = new Promise<number | null>((done) => child.once('close', done))
  const [output, complained, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, output: output, complained }
}

const lodash = { title: 'Prototype pollution', severity: 'high' }

describe('npm run audit', () => {
  it('is content where the registry knows nothing grave, having asked about every package', async () => {
    const { url, requested } = await registry({ lodash })
    const { code, output, complained } = await audit(url)
    expect([code, complained]).toEqual([0, ''])
    expect(output).toContain('nothing high or critical')
    const [existing, production = {}, all = {}] = requested
    expect(existing).toEqual({ lodash: ['4.17.15'] })
    expect(production['worker-mailer']).toEqual([mailerVersion])
    expect(Object.keys(production)).not.toContain('vitest')
    expect(Object.keys(all)).toEqual(expect.arrayContaining([...Object.keys(production), 'vitest', 'wrangler']))
    expect(Object.keys(all).length).toBeGreaterThan(200)
  })

  it.each(['high', 'critical'])('fails for what is %s in production, and says what and why', async (severity) => {
    const { url } = await registry({ lodash, 'worker-mailer': { title: 'Headers can be smuggled', severity } })
    const { code, output, complained } = await audit(url)
    expect(code).toBe(1)
    expect(output).toContain(
      `${severity}  worker-mailer: Headers can be smuggled (https://advisories.test/worker-mailer)`,
    )
    expect(complained).toContain('must be updated')
  })

  it('tells of the rest, and does not fail: what is less grave, or for development alone', async () => {
    const { url } = await registry({
      lodash,
      'worker-mailer': { title: 'Slow with odd addresses', severity: 'moderate' },
      cloudinary: { title: 'Arguments can be injected', severity: 'critical' },
    })
    const { code, output } = await audit(url)
    expect(code).toBe(0)
    expect(output).toMatch(/In production:\n {2}moderate {2}worker-mailer/)
    expect(output).toMatch(/In development only:\n {2}critical {2}cloudinary/)
  })

  it.each<[string, () => Promise<string>, RegExp]>([
    ['refuses the question', () => stubborn((_, response) => answer(response, 405, {})), /405 Method Not Allowed/],
    [
      'has no such address',
      () => stubborn((_, response) => answer(response, 404, { error: 'not_found' })),
      /404 Not Found/,
    ],
    ['fails', () => stubborn((_, response) => answer(response, 503, {})), /503 Service Unavailable/],
    ['answers with a page', () => stubborn((_, response) => void response.end('<html>')), /./],
    ['hangs up', () => stubborn((request) => void request.socket.destroy()), /./],
    ['is not there', async () => 'http://127.0.0.1:9/', /ECONNREFUSED|refused/],
    ['knows no advisory of anything', async () => (await registry({})).url, /knows of nothing against lodash/],
  ])('says that nobody has looked where the registry %s', async (_, start, why) => {
    const { code, output, complained } = await audit(await start())
    expect(complained).toMatch(/^NOT AUDITED: /)
    expect(complained).toMatch(why)
    expect([code, output]).toEqual([2, ''])
  })
})
