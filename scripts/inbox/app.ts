import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { truncate } from '../../src/platform/text/truncate.ts'
import type { Letters } from './letters.ts'
import * as pages from './pages.ts'
import type { Received } from './receive.ts'

/** Icon and styles of the service. */
const asset = (name: string) => readFileSync(join(import.meta.dirname, '../../public/assets', name), 'utf8')

const snippetCharacters = 250 // As in Mailpit.
const maxBodyBytes = 1_000_000

/** The inbox's pages, and the part of Mailpit's API that tests need. */
export function inboxApp(letters: Letters): Hono {
  const app = new Hono()
  app.onError((error, c) => {
    console.error(error)
    return c.text('The inbox stumbled. Its terminal says why.', 500)
  })
  app.use(bodyLimit({ maxSize: maxBodyBytes }), async (c, next) => {
    if (!isOurs(c.req.header('Host') ?? '', c.req.header('Origin')))
      return c.text('This inbox answers this machine only.', 403)
    await next()
    const { headers } = c.res
    if (!headers.has('Content-Security-Policy')) headers.set('Content-Security-Policy', pages.pagePolicy)
    headers.set('X-Content-Type-Options', 'nosniff')
    headers.set('Referrer-Policy', 'same-origin') // With no-referrer, our own forms would send `Origin: null`.
    headers.set('Cache-Control', 'no-store')
    return undefined
  })
  app.notFound((c) =>
    c.req.path.startsWith('/api/') ? c.text('Nothing here.', 404) : c.html(pages.notFoundPage(), 404),
  )
  /** Marks the letter of a path as read and answers with it, or with 404 if there is none. */
  const withLetter = (answer: (c: Context, letter: Received) => Response | Promise<Response>) => async (c: Context) => {
    const letter = letters.find(c.req.param('id') ?? '')
    if (!letter) return c.notFound()
    await letters.markRead(letter)
    return answer(c, letter)
  }
  const remove = async (c: Context) => {
    const id = c.req.param('id')
    await letters.remove(id === undefined ? 'all' : [id])
    return c.redirect('/', 303)
  }
  const detail = (c: Context, { Read, Created, headers, ...letter }: Received) => c.json({ ...letter, Tags: [] })
  const page = (c: Context, letter: Received) => c.html(pages.letterPage(letter))
  const letterHeaders = { 'Content-Security-Policy': pages.letterPolicy }
  const html = (c: Context, letter: Received) => c.html(pages.framed(letter.HTML), 200, letterHeaders)
  const file = (text: string, type: string) => (c: Context) => c.body(text, 200, { 'Content-Type': type })

  app.get('/api/v1/messages', (c) => c.json(summaries(letters.all(), '', c.req.query())))
  app.get('/api/v1/search', (c) => c.json(summaries(letters.all(), c.req.query('query') ?? '', c.req.query())))
  app.delete('/api/v1/messages', async (c) => {
    const ids = idsIn(await c.req.text())
    if (ids === undefined) return c.text('Send {"IDs": [...]}, or nothing to delete all.', 400)
    await letters.remove(ids)
    return c.text('ok')
  })
  app.get('/api/v1/message/:id', withLetter(detail))
  app.get('/', (c) => c.html(pages.listPage(letters.all()), 200, { 'Content-Security-Policy': pages.listPolicy }))
  app.get('/icon.svg', file(asset('icon.svg'), 'image/svg+xml'))
  app.get('/style.css', file(asset('site.css') + pages.letterStyle, 'text/css'))
  app.get('/list.js', file(pages.listScript, 'text/javascript'))
  app.get('/message/:id', withLetter(page))
  app.get('/message/:id/html', withLetter(html))
  app.post('/delete', remove)
  app.post('/message/:id/delete', remove)
  return app
}

/**
 * Whether a request comes from a page of ours. Other sites' pages in the same browser could otherwise read letters (DNS
 * rebinding: a host name of theirs that resolves to this machine) and delete them (a form of theirs).
 */
function isOurs(host: string, origin: string | undefined): boolean {
  const name = URL.parse(`http://${host}`)?.hostname ?? ''
  return ['127.0.0.1', 'localhost'].includes(name) && (origin === undefined || origin === `http://${host}`)
}

/** The IDs that the body of a DELETE names; all if it is empty, as in Mailpit; undefined if it is invalid. */
function idsIn(body: string): readonly string[] | 'all' | undefined {
  if (body.trim() === '') return 'all'
  try {
    const { IDs: ids } = z.object({ IDs: z.array(z.string()).default([]) }).parse(JSON.parse(body))
    return ids.length === 0 ? 'all' : ids
  } catch {
    return undefined
  }
}

/** A page of the letters that match a search, as in Mailpit. */
function summaries(all: readonly Received[], query: string, { start, limit }: Record<string, string>) {
  const found = all.filter((letter) => matches(letter, query))
  const number = (text: string | undefined, byDefault: number) =>
    /^\d{1,9}$/.test(text ?? '') ? Number(text) : byDefault
  const first = number(start, 0)
  const messages = found.slice(first, first + number(limit, 50)).map(summary)
  const unread = all.filter((letter) => !letter.Read).length
  return {
    ...{ total: all.length, unread, count: messages.length, messages_count: found.length, start: first },
    ...{ tags: [], messages },
  }
}

function summary({ Text, HTML, Attachments, Inline, ReturnPath, Date: _, headers, ...letter }: Received) {
  const text = (Text || HTML.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim()
  return { ...letter, Tags: [], Attachments: Attachments.length, Snippet: truncate(text, snippetCharacters) }
}

/** Whether a letter has all words of a search, in any case: `to:`, `from:` and `subject:` say where. */
function matches({ From, To, Cc, Bcc, Subject, Text }: Received, query: string): boolean {
  const named = (persons: typeof To) => persons.map(({ Name, Address }) => `${Name} ${Address}`).join(' ')
  const anywhere = [named([From, ...To, ...Cc, ...Bcc]), Subject, Text].join(' ')
  const places: Record<string, string> = { to: named(To), from: named([From]), subject: Subject, '': anywhere }
  return [...query.matchAll(/(?:(to|from|subject):)?(?:"([^"]*)"|(\S+))/gi)].every(
    ([, place = '', quoted, word = '']) =>
      places[place.toLowerCase()]?.toLowerCase().includes((quoted ?? word).toLowerCase()),
  )
}
