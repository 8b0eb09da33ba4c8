import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import PostalMime, { type Address } from 'postal-mime'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'

/** Where the inbox listens. A port of 0 picks a free one. */
export interface InboxOptions {
  readonly smtpPort: number
  readonly httpPort: number
  /** 127.0.0.1 unless said otherwise: what is in the inbox is for this machine's eyes. */
  readonly host?: string
  /** Letters are kept in this file too, one JSON object a line, so that they survive a restart. */
  readonly file?: string
}

/** A running inbox. */
export interface Inbox {
  readonly smtpPort: number
  /** Its pages and its API, without a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

interface Person {
  readonly Name: string
  readonly Address: string
}

interface Attachment {
  readonly PartID: string
  readonly FileName: string
  readonly ContentType: string
  readonly ContentID: string
  readonly Size: number
}

/** A letter as it is kept. Names are those of Mailpit's API, so that one client reads both. */
interface Received {
  readonly ID: string
  readonly MessageID: string
  Read: boolean
  readonly From: Person
  readonly To: Person[]
  readonly Cc: Person[]
  readonly Bcc: Person[]
  readonly ReplyTo: Person[]
  readonly ReturnPath: string
  readonly Subject: string
  readonly Created: string
  readonly Date: string
  readonly Size: number
  readonly Text: string
  readonly HTML: string
  readonly Inline: Attachment[]
  readonly Attachments: Attachment[]
  readonly headers: { readonly name: string; readonly value: string }[]
}

const keptLetters = 500 // a day of hard testing
const largestLetter = 10 * 1024 * 1024 // octets
const snippetCharacters = 250 // as Mailpit has it

/**
 * Starts the local inbox: an SMTP server that delivers nothing, pages to read what it was given, and the part of
 * Mailpit's API (v1) that tests need. Letters are hostile input: nothing in one runs, loads, or leaves its frame.
 * @throws Error in a sentence for a person when a port is taken.
 */
export async function startInbox(options: InboxOptions): Promise<Inbox> {
  const host = options.host ?? '127.0.0.1'
  const letters = await openLetters(options.file)
  const smtp = smtpServer(letters)
  const http = createServer((request, response) => {
    answer(letters, host, request, response).catch((error: unknown) => {
      console.error(error)
      if (!response.headersSent) reply(response, 500, 'text/plain', 'The inbox stumbled. Its terminal says why.')
      else response.destroy()
    })
  })
  const smtpPort = await listening(smtp, options.smtpPort, host, 'SMTP_PORT')
  const closeSmtp = () => new Promise<void>((done) => smtp.close(() => done()))
  try {
    const httpPort = await listening(http, options.httpPort, host, 'INBOX_PORT')
    return {
      smtpPort,
      url: `http://${host.includes(':') ? `[${host}]` : host}:${httpPort}`,
      async close() {
        await closeSmtp()
        http.closeAllConnections()
        await new Promise((done) => http.close(done))
        await letters.settled()
      },
    }
  } catch (error) {
    await closeSmtp()
    throw error
  }
}

async function listening(server: SMTPServer | Server, port: number, host: string, variable: string): Promise<number> {
  await new Promise<void>((done, failed) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      const taken = `Port ${port} is already in use, perhaps by another inbox. Stop that one, or set ${variable} to another port.`
      failed(error.code === 'EADDRINUSE' ? new Error(taken, { cause: error }) : error)
    })
    server.listen(port, host, done)
  })
  const address = server instanceof SMTPServer ? server.server.address() : server.address()
  return (address as AddressInfo).port
}

// ---------------------------------------------------------------- letters

type Letters = Awaited<ReturnType<typeof openLetters>>

/** The letters, newest first, and their file. */
async function openLetters(file: string | undefined) {
  let kept = file === undefined ? [] : await readLetters(file)
  let writing = Promise.resolve()

  /** Writes happen one after another; one that fails is told of, and harms no letter in memory. */
  const write = (work: (file: string) => Promise<void>): Promise<void> => {
    if (file === undefined) return writing
    writing = writing.then(() => work(file)).catch((error: unknown) => console.error(`Cannot write ${file}:`, error))
    return writing
  }
  const rewrite = () =>
    write(async (path) => {
      await writeFile(`${path}.new`, kept.toReversed().map(line).join(''))
      await rename(`${path}.new`, path)
    })

  return {
    all: (): readonly Received[] => kept,
    find: (id: string): Received | undefined => (id === 'latest' ? kept[0] : kept.find((letter) => letter.ID === id)),
    async add(letter: Received): Promise<void> {
      kept.unshift(letter)
      if (kept.length <= keptLetters) return write((path) => appendFile(path, line(letter)))
      kept = kept.slice(0, keptLetters)
      return rewrite()
    },
    async markRead(letter: Received): Promise<void> {
      if (letter.Read) return
      letter.Read = true
      return rewrite()
    },
    async remove(ids: readonly string[] | 'all'): Promise<void> {
      kept = ids === 'all' ? [] : kept.filter((letter) => !ids.includes(letter.ID))
      return rewrite()
    },
    settled: (): Promise<void> => writing,
  }
}

function line(letter: Received): string {
  return `${JSON.stringify(letter)}\n`
}

async function readLetters(file: string): Promise<Received[]> {
  await mkdir(dirname(file), { recursive: true })
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const letters = text.split('\n').flatMap((each): Received[] => {
    try {
      return [JSON.parse(each)]
    } catch {
      return [] // the empty last line, or one that a crash cut short
    }
  })
  // A line cut short has no end: what is appended next must not be glued to it.
  if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n')
  return letters.toReversed().slice(0, keptLetters)
}

// ---------------------------------------------------------------- SMTP in

function smtpServer(letters: Letters): SMTPServer {
  return new SMTPServer({
    banner: 'Vizitka inbox',
    size: largestLetter,
    // Whatever a mailer is set up with works here: with a password or without, and always in clear text.
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(null, { user: 'anybody' }),
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 500, // milliseconds
    onData(stream, session, done) {
      receive(stream, session)
        .then((letter) => letters.add(letter))
        .then(
          () => done(null, 'Kept in the inbox'),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        )
    },
  })
}

async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  if (stream.sizeExceeded) throw Object.assign(new Error('This letter is too large.'), { responseCode: 552 })
  const raw = Buffer.concat(chunks)
  const email = await PostalMime.parse(raw)
  const now = new Date().toISOString()
  const sent = new Date(email.date ?? now)
  const [to, cc, bcc] = [people(email.to), people(email.cc), people(email.bcc)]
  const named = new Set([...to, ...cc, ...bcc].map((person) => person.Address.toLowerCase()))
  const unnamed = session.envelope.rcptTo.filter(({ address }) => !named.has(address.toLowerCase()))
  const returnPath = session.envelope.mailFrom ? session.envelope.mailFrom.address : ''
  const attachments = email.attachments.map((part, n) => ({
    inline: part.disposition === 'inline' || part.related === true,
    PartID: String(n + 1),
    FileName: part.filename ?? '',
    ContentType: part.mimeType,
    ContentID: bare(part.contentId ?? ''),
    Size: typeof part.content === 'string' ? part.content.length : part.content.byteLength,
  }))
  return {
    ID: randomBytes(16).toString('base64url'),
    MessageID: bare(email.messageId ?? ''),
    Read: false,
    From: people(email.from && [email.from])[0] ?? { Name: '', Address: returnPath },
    To: to,
    Cc: cc,
    Bcc: [...bcc, ...unnamed.map(({ address }) => ({ Name: '', Address: address }))],
    ReplyTo: people(email.replyTo),
    ReturnPath: returnPath,
    Subject: email.subject ?? '',
    Created: now,
    Date: Number.isNaN(sent.getTime()) ? now : sent.toISOString(),
    Size: raw.length,
    Text: email.text ?? '',
    HTML: email.html ?? '',
    Inline: attachments.filter(({ inline }) => inline).map(({ inline, ...part }) => part),
    Attachments: attachments.filter(({ inline }) => !inline).map(({ inline, ...part }) => part),
    headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
  }
}

function people(addresses: readonly Address[] | undefined): Person[] {
  return (addresses ?? []).flatMap((each) => {
    return each.group ? people(each.group) : [{ Name: each.name, Address: each.address }]
  })
}

function bare(id: string): string {
  return id.replace(/^<|>$/g, '')
}

// ---------------------------------------------------------------- HTTP out

async function answer(
  letters: Letters,
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://inbox')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  if (!isOurs(request, host)) return reply(response, 403, 'text/plain', 'This inbox answers this machine only.')

  const page = (status: number, title: string, body: string, refresh = false) =>
    reply(response, status, 'text/html', layout(title, body, refresh), pagePolicy)
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
  return page(404, 'Nothing here', '<p>There is no such letter (any more). <a href="/">Back to the inbox</a></p>')
}

/**
 * Keeps other sites' pages, open in the same browser, from reading letters (by DNS rebinding: a name of theirs that leads
 * here) and from deleting them (by a form of theirs). Whoever binds another address wants to be reached by other names.
 */
function isOurs(request: IncomingMessage, host: string): boolean {
  const name = (address: string) => URL.parse(`http://${address}`)?.hostname.replace(/^\[|\]$/g, '')
  const loopback = ['127.0.0.1', '::1', 'localhost']
  const asked = request.headers.host ?? ''
  if (loopback.includes(host) && !loopback.includes(name(asked) ?? '')) return false
  const { origin } = request.headers
  return origin === undefined || origin === `http://${asked}`
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

function summaries(all: readonly Received[], found: readonly Received[], query: URLSearchParams) {
  const number = (name: string, otherwise: number) => {
    const value = Number(query.get(name) ?? otherwise)
    return Number.isSafeInteger(value) && value >= 0 ? value : otherwise
  }
  const start = number('start', 0)
  const messages = found.slice(start, start + number('limit', 50)).map(summary)
  return {
    total: all.length,
    unread: all.filter((letter) => !letter.Read).length,
    count: messages.length,
    messages_count: found.length,
    start,
    tags: [],
    messages,
  }
}

function summary(letter: Received) {
  const text = letter.Text || letter.HTML.replace(/<[^>]*>/g, ' ')
  return {
    ID: letter.ID,
    MessageID: letter.MessageID,
    Read: letter.Read,
    From: letter.From,
    To: letter.To,
    Cc: letter.Cc,
    Bcc: letter.Bcc,
    ReplyTo: letter.ReplyTo,
    Subject: letter.Subject,
    Created: letter.Created,
    Tags: [],
    Size: letter.Size,
    Attachments: letter.Attachments.length,
    Snippet: text.replace(/\s+/g, ' ').trim().slice(0, snippetCharacters),
  }
}

function detail(letter: Received) {
  return {
    ID: letter.ID,
    MessageID: letter.MessageID,
    From: letter.From,
    To: letter.To,
    Cc: letter.Cc,
    Bcc: letter.Bcc,
    ReplyTo: letter.ReplyTo,
    ReturnPath: letter.ReturnPath,
    Subject: letter.Subject,
    Date: letter.Date,
    Tags: [],
    Text: letter.Text,
    HTML: letter.HTML,
    Size: letter.Size,
    Inline: letter.Inline,
    Attachments: letter.Attachments,
  }
}

/** Words that must all be found, whatever their case: `to:`, `from:` and `subject:` look there, a bare word everywhere. */
function search(all: readonly Received[], query: string): readonly Received[] {
  const named = (persons: readonly Person[]) => persons.map(({ Name, Address }) => `${Name} ${Address}`).join(' ')
  const places: Record<string, (letter: Received) => string> = {
    to: (letter) => named(letter.To),
    from: (letter) => named([letter.From]),
    subject: (letter) => letter.Subject,
    '': (letter) =>
      [named([letter.From, ...letter.To, ...letter.Cc, ...letter.Bcc]), letter.Subject, letter.Text].join(' '),
  }
  const terms = [...query.matchAll(/(?:(to|from|subject):)?(?:"([^"]*)"|(\S+))/gi)].map(
    ([, place = '', quoted, word]) => {
      return { look: places[place.toLowerCase()], word: (quoted ?? word ?? '').toLowerCase() }
    },
  )
  return all.filter((letter) => terms.every(({ look, word }) => look?.(letter).toLowerCase().includes(word)))
}

// ---------------------------------------------------------------- pages

const pagePolicy =
  "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** A letter may look as it likes and link where it likes, in a tab of its own. It runs, loads and submits nothing. */
const sandbox = 'allow-popups allow-popups-to-escape-sandbox' // without the second, the page a link opens has no forms
const letterPolicy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox ${sandbox}`

function reply(
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

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function layout(title: string, body: string, refresh: boolean): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${refresh ? '<meta http-equiv="refresh" content="5">' : ''}
<title>${escapeHtml(title)} · Vizitka inbox</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">Inbox</a> <small>Letters end here; nobody else gets them.</small></header>
<main>
${body}
</main>
</body>
</html>
`
}

function listPage(letters: readonly Received[]): string {
  if (letters.length === 0) return '<p class="empty">No letters yet. They appear here by themselves.</p>'
  const items = letters.map(
    (letter) => `<li${letter.Read ? '' : ' class="unread"'}><a href="/message/${letter.ID}">
<span>${escapeHtml(letter.To.map(shown).join(', ') || letter.Bcc.map(shown).join(', '))}</span>
<b>${escapeHtml(letter.Subject || 'No subject')}</b>
<time>${escapeHtml(letter.Created.slice(0, 16).replace('T', ' '))}</time>
</a></li>`,
  )
  return `<ul class="letters">${items.join('\n')}</ul>
<form method="post" action="/delete"><button>Delete all</button></form>`
}

function letterPage(letter: Received): string {
  const links = linksOf(letter)
  const rows = letter.headers.map(
    ({ name, value }) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  )
  const items = links.map((link) => {
    return `<li><a href="${escapeHtml(link)}" target="_blank" rel="noopener noreferrer">${escapeHtml(link)}</a></li>`
  })
  return `<h1>${escapeHtml(letter.Subject || 'No subject')}</h1>
<p>${escapeHtml(shown(letter.From))} → ${escapeHtml([...letter.To, ...letter.Cc, ...letter.Bcc].map(shown).join(', '))}</p>
${links.length > 0 ? `<h2>Links</h2><ul>${items.join('')}</ul>` : ''}
${letter.HTML ? `<h2>HTML</h2><iframe title="The letter" sandbox="${sandbox}" src="/message/${letter.ID}/html"></iframe>` : ''}
${letter.Text ? `<h2>Text</h2><pre>${escapeHtml(letter.Text)}</pre>` : ''}
<details><summary>Headers</summary><table>${rows.join('')}</table></details>
<form method="post" action="/message/${letter.ID}/delete"><button>Delete</button></form>`
}

function shown({ Name, Address }: Person): string {
  return Name ? `${Name} <${Address}>` : Address
}

/** The letter's own HTML. What comes first wins: its links open in a new tab, and its doctype cannot be missing. */
function framed(html: string): string {
  return `<!doctype html><meta charset="utf-8"><base target="_blank">${html}`
}

/** The web addresses in a letter, each once; `javascript:` and its like are none. */
function linksOf(letter: Received): string[] {
  const hrefs = [...letter.HTML.matchAll(/\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)].map(([, double, single]) => {
    return (double ?? single ?? '')
      .replace(/&(amp|#38|#x26);/gi, '&')
      .replace(/&(quot|#34|#x22);/gi, '"')
      .trim()
  })
  const written = letter.Text.match(/https?:\/\/[^\s<>"']+/gi) ?? []
  const links = [...hrefs, ...written.map((link) => link.replace(/[.,;:!?)\]]+$/, ''))]
  return [...new Set(links)].filter((link) => /^https?:\/\//i.test(link))
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#e3e1dc, #3a3a3a); --accent: light-dark(#0b6b5d, #6fd3c1); }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#faf9f7, #191919); color: light-dark(#222, #eee) }
header, main { max-width: 56rem; margin: 0 auto; padding: 1rem }
header { border-bottom: 1px solid var(--line) }
header a { font-weight: 700; font-size: 1.25rem; color: inherit; text-decoration: none; margin-right: 1rem }
small, time, .empty { color: light-dark(#666, #aaa) }
a { color: var(--accent); overflow-wrap: anywhere }
h1 { font-size: 1.5rem; overflow-wrap: anywhere } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem }
.letters { list-style: none; padding: 0; margin: 0 0 1rem }
.letters a { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .75rem; border-bottom: 1px solid var(--line); color: inherit; text-decoration: none }
.letters a:hover, .letters a:focus { background: light-dark(#f0eee9, #242424) }
.letters span { flex: 1 1 14rem } .letters b { flex: 2 1 18rem; font-weight: 400 } .letters .unread b { font-weight: 700 }
iframe { width: 100%; height: 32rem; border: 1px solid var(--line); border-radius: .5rem; background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem }
th { text-align: left; vertical-align: top; padding-right: 1rem } td { overflow-wrap: anywhere }
button { font: inherit; padding: .4rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; cursor: pointer }
details { margin: 1.5rem 0 }
`

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 1_000_000) throw new Error('This request is too long.')
  }
  return text
}

if (import.meta.main) {
  try {
    const inbox = await startInbox({
      smtpPort: Number(process.env.SMTP_PORT ?? 1025),
      httpPort: Number(process.env.INBOX_PORT ?? 8025),
    })
    console.log(`The inbox takes letters on port ${inbox.smtpPort} and shows them on ${inbox.url}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
