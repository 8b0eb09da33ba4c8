import { globSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { sharedService } from '../browser/shared.ts'

/** The headers of every file. */
const always = {
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=15552000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
}

/** The media type of a file, by its extension. */
const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  ico: 'image/vnd.microsoft.icon',
}

/** How long a file may be cached, by its path. */
const remaining = [
  ['/assets/', 'public, no-cache'],
  ['/vendor/', 'public, max-age=3600'],
  ['/favicon.ico', 'public, max-age=86400'],
] as const

/** Other headers that a response may have; some come from the server under test. */
const others = ['cache-control', 'cf-cache-status', 'connection', 'content-encoding', 'content-length', 'content-type']
const ofTransport = ['date', 'etag', 'keep-alive', 'transfer-encoding', 'vary']

const namesOf = (headers: Headers, existing: readonly string[]) =>
  [...headers.keys()].filter((name) => ![...existing, ...others, ...ofTransport].includes(name))

describe('a running service', () => {
  const service = sharedService()

  it('serves each file with strict headers, its own media type, and nothing that names the server software', async () => {
    const files = globSync('public/**/*.*').map((file) => file.slice('public'.length))
    expect(files.length).toBeGreaterThan(8)
    for (const file of files) {
      for (const method of ['GET', 'HEAD']) {
        const { headers, status } = await fetch(service.url + file, { method })
        expect(status, file).toBe(200)
        expect(Object.fromEntries(headers), file).toMatchObject(always)
        expect(headers.get('Content-Type'), file).toBe(types[file.split('.').at(-1) ?? ''])
        expect(headers.get('Cache-Control'), file).toBe(remaining.find(([begin]) => file.startsWith(begin))?.[1])
        expect(namesOf(headers, Object.keys(always)), file).toEqual([])
      }
    }
    // It is among the files, but is not served.
    expect((await fetch(`${service.url}/_headers`)).status).toBe(404)
  })

  it('delivers its responses with their own headers, and no others', async () => {
    const { OPTIONS, ...methods } = {
      GET: ['/', '/docs', '/openapi.json', '/api/healthchecker', '/nowhere'],
      OPTIONS: ['/api/contacts'],
      POST: ['/api/auth/login'],
    }
    const requested = [...Object.entries(methods), ['OPTIONS', OPTIONS] as const]
    for (const [method, paths] of requested) {
      for (const path of paths) {
        const { headers } = await fetch(service.url + path, { method })
        const { 'content-security-policy': policy, ...same } = always
        expect(Object.fromEntries(headers), path).toMatchObject(same)
        expect(headers.get('Content-Security-Policy'), path).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/)
        const own = ['origin-agent-cluster', 'server-timing', 'x-dns-prefetch-control', 'x-download-options']
        const more = ['x-request-id', 'x-xss-protection', 'allow', 'retry-after', 'ratelimit', 'ratelimit-policy']
        expect(
          namesOf(headers, [...Object.keys(always), ...own, ...more]).filter(
            (name) => !name.startsWith('access-control-'),
          ),
          path,
        ).toEqual([])
      }
    }
  })

  it('keeps the local database from pages of other sites, even by a name that resolves to this machine', async () => {
    const { host, hostname, port } = new URL(service.url)
    const ask = (path: string, name: string, more = '') => raw(hostname, Number(port), path, name, more)
    for (const path of ['/cdn-cgi/explorer/api/d1/database', '/cdn-cgi/local/scheduled?cron=*+*+*+*+*']) {
      expect(await ask(path, host), path).toMatch(/^HTTP\/1\.1 200 /)
      expect(await ask(path, 'evil.test'), path).toMatch(/^HTTP\/1\.1 403 /)
      expect(await ask(path, host, 'Origin: http://evil.test\r\n'), path).toMatch(/^HTTP\/1\.1 403 /)
    }
    // Other machines cannot connect.
    const others = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    const outside = others.filter(({ internal, family }) => !internal && family === 'IPv4')
    for (const { address } of outside) {
      for (const url of [service.url, service.inboxUrl]) {
        await expect(fetch(url.replace('127.0.0.1', address)), address).rejects.toThrow()
      }
    }
  })

  it('redirects nobody elsewhere, by a path or by a Host', async () => {
    const { host, hostname, port } = new URL(service.url)
    for (const path of [
      '//evil.test/',
      '//evil.test/%2e%2e',
      '/\\evil.test',
      '/assets',
      '/assets/',
      '/docs//',
      '/.//evil.test',
    ]) {
      for (const name of [host, 'evil.test']) {
        const [head = '', body = ''] = (await raw(hostname, Number(port), path, name)).split('\r\n\r\n')
        expect(head, `${path} of ${name}`).toMatch(/^HTTP\/1\.1 (200|4\d\d) /)
        expect(head.toLowerCase()).not.toMatch(/location:|evil/)
        expect(body).not.toContain('//evil.test')
      }
    }
  })
})

/** Sends a request exactly as written here: `fetch` would normalize the path and choose the Host. */
function raw(hostname: string, port: number, path: string, host: string, more = ''): Promise<string> {
  return new Promise((done, failed) => {
    let answer = ''
    const socket = connect(port, hostname, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\n${more}Connection: close\r\n\r\n`)
    })
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text
    })
    socket.once('end', () => done(answer)).once('error', failed)
  })
}
