import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { chosen, detail, search, summaries } from './api.ts'
import type { Letters, Received } from './letters.ts'
import {
  framed,
  layout,
  letterPage,
  letterPolicy,
  listPage,
  listPolicy,
  listScript,
  pagePolicy,
  style,
} from './pages.ts'

/** The service's own: of the same making, and easy to find among tabs. */
const icon = readFileSync(join(import.meta.dirname, '../../public/assets/icon.svg'), 'utf8')

/** Answers a request for a page or to the API. */
export async function answer(
  letters: Letters,
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://inbox')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  if (!isOurs(request, host)) return reply(response, 403, 'text/plain', 'This inbox answers this machine only.')

  const page = (status: number, title: string, body: string, isList = false) =>
    reply(response, status, 'text/html', layout(title, body, isList), isList ? listPolicy : pagePolicy)
  const json = (body: unknown) => reply(response, 200, 'application/json', JSON.stringify(body))
  const seeList = () => void response.writeHead(303, { location: '/' }).end()

  if (url.pathname.startsWith('/api/v1/')) {
    const list = (found: readonly Received[]) => json(summaries(letters.all(), found, url.searchParams))
    if (url.pathname === '/api/v1/messages' && method === 'GET') return list(letters.all())
    if (url.pathname === '/api/v1/messages' && method === 'DELETE') {
      const ids = chosen(await bodyOf(request))
      if (ids === undefined) return reply(response, 400, 'text/plain', 'Send {"IDs": [...]}, or nothing to delete all.')
      await letters.remove(ids)
      return reply(response, 200, 'text/plain', 'ok')
    }
    if (url.pathname === '/api/v1/search' && method === 'GET') {
      return list(search(letters.all(), url.searchParams.get('query') ?? ''))
    }
    const letter = letters.find(/^\/api\/v1\/message\/([\w-]+)$/.exec(url.pathname)?.[1] ?? '')
    if (letter && method === 'GET') {
      await letters.markRead(letter)
      return json(detail(letter))
    }
    return reply(response, 404, 'text/plain', 'Nothing here.')
  }

  if (url.pathname === '/icon.svg') return reply(response, 200, 'image/svg+xml', icon)
  if (url.pathname === '/list.js') return reply(response, 200, 'text/javascript', listScript)
  if (url.pathname === '/style.css') return reply(response, 200, 'text/css', style)
  if (url.pathname === '/' && method === 'GET') return page(200, 'Inbox', listPage(letters.all()), true)
  if (url.pathname === '/delete' && method === 'POST') {
    await letters.remove('all')
    return seeList()
  }
  const [, id = '', action] = /^\/message\/([\w-]+)(?:\/(html|delete))?$/.exec(url.pathname) ?? []
  const letter = letters.find(id)
  if (letter && action === 'delete' && method === 'POST') {
    await letters.remove([letter.ID])
    return seeList()
  }
  if (letter && action === 'html' && method === 'GET') {
    return reply(response, 200, 'text/html', framed(letter.HTML), letterPolicy)
  }
  if (letter && action === undefined && method === 'GET') {
    await letters.markRead(letter)
    return page(200, letter.Subject || 'No subject', letterPage(letter))
  }
  return page(
    404,
    'Nothing here',
    '<h1>Nothing here</h1><p>There is no such letter (any more). <a href="/">Back to the inbox</a></p>',
  )
}

/**
 * Keeps other sites' pages, open in the same browser, from reading letters (by DNS rebinding: a name of theirs that
 * leads here) and from deleting them (by a form of theirs). Whoever binds another address wants to be reached by other
 * names.
 */
function isOurs(request: IncomingMessage, host: string): boolean {
  const name = (address: string) => URL.parse(`http://${address}`)?.hostname.replace(/^\[|\]$/g, '')
  const loopback = ['127.0.0.1', '::1', 'localhost']
  const requested = request.headers.host ?? ''
  if (loopback.includes(host) && !loopback.includes(name(requested) ?? '')) return false
  const { origin } = request.headers
  return origin === undefined || origin === `http://${requested}`
}

/** Sends an answer that may do nothing but what its policy says, and that nobody keeps. */
export function reply(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  policy = "default-src 'none'",
): void {
  response
    .writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin', // under no-referrer our own forms would send `Origin: null`
      'cache-control': 'no-store',
    })
    .end(body)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 1_000_000) throw new Error('This request is too long.')
  }
  return text
}
