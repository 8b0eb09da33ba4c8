import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { truncate } from '../../src/platform/text/truncate.ts'
import type { Letters } from './letters.ts'
import {
  framed,
  letterPage,
  letterPolicy,
  letterStyle,
  listPage,
  listPolicy,
  listScript,
  notFoundPage,
  pagePolicy,
} from './pages.ts'
import type { Received } from './receive.ts'

/** The service's own: of the same making, and easy to find among tabs. */
const asset = (name: string) => readFileSync(join(import.meta.dirname, '../../public/assets', name), 'utf8')

const snippetCharacters = 250 // as Mailpit has it
const maxBodyBytes = 1_000_000

/** The inbox's pages, and the part of Mailpit's API that tests need. `host` is what it is bound to. */
export function inboxApp(letters: Letters, host: string): Hono {
  const app = new Hono()
  app.onError((error, c) => {
    console.error(error)
    return c.text('The inbox stumbled. Its terminal says why.', 500)
  })
  app.use(bodyLimit({ maxSize: maxBodyBytes }), async (c, next) => {
    if (!isOurs(c.req.header('Host') ?? '', c.req.header('Origin'), host))
      return c.text('This inbox answers this machine only.', 403)
    await next()
    const { headers } = c.res
    if (!headers.has('Content-Security-Policy')) headers.set('Content-Security-Policy', pagePolicy)
    headers.set('X-Content-Type-Options', 'nosniff')
    headers.set('Referrer-Policy', 'same-origin') // under no-referrer our own forms would send `Origin: null`
    headers.set('Cache-Control', 'no-store')
    return undefined
  })
  app.notFound((c) => (c.req.path.startsWith('/api/') ? c.text('Nothing here.', 404) : c.html(notFoundPage(), 404)))

  app.get('/api/v1/messages', (c) => c.json(summaries(letters.all(), letters.all(), c.req.query())))
  app.get('/api/v1/search', (c) =>
    c.json(summaries(letters.all(), search(letters.all(), c.req.query('query') ?? ''), c.req.query())),
  )
  app.delete('/api/v1/messages', async (c) => {
    const ids = chosen(await c.req.text())
    if (ids === undefined) return c.text('Send {"IDs": [...]}, or nothing to delete all.', 400)
    await letters.remove(ids)
    return c.text('ok')
  })
  app.get('/api/v1/message/:id', async (c) => {
    const letter = letters.find(c.req.param('id'))
    if (!letter) return c.notFound()
    await letters.markRead(letter)
    const { Read, Created, headers, ...detail } = letter
    return c.json({ ...detail, Tags: [] })
  })

  for (const [path, type, text] of [
    ['/icon.svg', 'image/svg+xml', asset('icon.svg')],
    ['/style.css', 'text/css', asset('site.css') + letterStyle],
    ['/list.js', 'text/javascript', listScript],
  ] as const) {
    app.get(path, (c) => c.body(text, 200, { 'Content-Type': `${type}; charset=utf-8` }))
  }
  app.get('/', (c) => {
    c.header('Content-Security-Policy', listPolicy)
    return c.html(listPage(letters.all()))
  })
  app.post('/delete', async (c) => {
    await letters.remove('all')
    return c.redirect('/', 303)
  })
  app.get('/message/:id', async (c) => {
    const letter = letters.find(c.req.param('id'))
    if (!letter) return c.notFound()
    await letters.markRead(letter)
    return c.html(letterPage(letter))
  })
  app.get('/message/:id/html', (c) => {
    const letter = letters.find(c.req.param('id'))
    if (!letter) return c.notFound()
    c.header('Content-Security-Policy', letterPolicy)
    return c.html(framed(letter.HTML))
  })
  app.post('/message/:id/delete', async (c) => {
    await letters.remove([c.req.param('id')])
    return c.redirect('/', 303)
  })
  return app
}

/**
 * Keeps other sites' pages, open in the same browser, from reading letters (by DNS rebinding: a name of theirs that
 * leads here) and from deleting them (by a form of theirs). Whoever binds another address wants to be reached by other
 * names.
 */
function isOurs(requested: string, origin: string | undefined, host: string): boolean {
  const name = URL.parse(`http://${requested}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  const loopback = ['127.0.0.1', '::1', 'localhost']
  if (loopback.includes(host) && !loopback.includes(name)) return false
  return origin === undefined || origin === `http://${requested}`
}

/** The IDs a DELETE names: all, where its body is empty, as Mailpit has it. Anything else deletes nothing. */
function chosen(body: string): string[] | 'all' | undefined {
  if (body.trim() === '') return 'all'
  try {
    const { IDs: ids = [] }: { IDs?: unknown } = JSON.parse(body)
    if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) return undefined
    return ids.length === 0 ? 'all' : ids
  } catch {
    return undefined
  }
}

/** A page of what was found, as Mailpit lists it. */
function summaries(all: readonly Received[], found: readonly Received[], query: Record<string, string>) {
  const [start, limit] = [wholeNumber(query.start, 0), wholeNumber(query.limit, 50)]
  const messages = found.slice(start, start + limit).map(summary)
  const unread = all.filter((letter) => !letter.Read).length
  return {
    ...{ total: all.length, unread, count: messages.length, messages_count: found.length, start },
    ...{ tags: [], messages },
  }
}

const wholeNumber = (text: string | undefined, otherwise: number): number =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : otherwise

function summary({ Text, HTML, Attachments, Inline, ReturnPath, Date: _, headers, ...letter }: Received) {
  const text = (Text || HTML.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim()
  return { ...letter, Tags: [], Attachments: Attachments.length, Snippet: truncate(text, snippetCharacters) }
}

/**
 * Words that must all be found, whatever their case: `to:`, `from:` and `subject:` look there, a bare word everywhere.
 */
function search(all: readonly Received[], query: string): readonly Received[] {
  const terms = [...query.matchAll(/(?:(to|from|subject):)?(?:"([^"]*)"|(\S+))/gi)]
  return all.filter(({ From, To, Cc, Bcc, Subject, Text }) => {
    const named = (persons: typeof To) => persons.map(({ Name, Address }) => `${Name} ${Address}`).join(' ')
    const everywhere = [named([From, ...To, ...Cc, ...Bcc]), Subject, Text].join(' ')
    const places: Record<string, string> = { to: named(To), from: named([From]), subject: Subject, '': everywhere }
    return terms.every(([, place = '', quoted, word = '']) =>
      places[place.toLowerCase()]?.toLowerCase().includes((quoted ?? word).toLowerCase()),
    )
  })
}
