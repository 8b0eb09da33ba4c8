import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type InboxOptions, startInbox } from '../inbox.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function inbox(options: Partial<InboxOptions> = {}) {
  const started = await startInbox({ smtpPort: 0, httpPort: 0, ...options })
  endings.push(() => started.close())
  const json = async <T>(path: string, init?: RequestInit) =>
    (await (await fetch(started.url + path, init)).json()) as T
  return { ...started, json, text: async (path: string) => (await fetch(started.url + path)).text() }
}

/** Speaks SMTP as a terminal would: sends a line, waits for the answer; resolves with all answers. */
async function dialogue(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  const queue = [...lines]
  return new Promise((done, failed) => {
    socket.on('error', failed)
    socket.on('close', () => done(heard))
    socket.on('data', (chunk) => {
      heard += chunk
      if (!/^\d{3} .*\r\n$/m.test(heard.slice(heard.lastIndexOf('\n', heard.length - 2) + 1))) return
      const next = queue.shift()
      if (next === undefined) socket.end()
      else socket.write(`${next}\r\n`)
    })
  })
}

interface Sent {
  readonly to?: string
  readonly subject?: string
  readonly body?: string
  readonly type?: string
  readonly headers?: readonly string[]
}

function send(
  port: number,
  { to = 'ana@example.com', subject = 'Hello', body = 'Hi', type = 'text/plain', headers = [] }: Sent,
) {
  return dialogue(port, [
    'EHLO here',
    'MAIL FROM:<vizitka@example.com>',
    `RCPT TO:<${to}>`,
    'DATA',
    [
      'From: "Vizitka, the book" <vizitka@example.com>',
      `To: Ana <${to}>`,
      `Subject: ${subject}`,
      'Message-ID: <one@example.com>',
      'Date: Sat, 21 Nov 2026 03:00:00 +0000',
      `Content-Type: ${type}; charset=utf-8`,
      ...headers,
      '',
      body,
      '.',
    ].join('\r\n'),
    'QUIT',
  ])
}

interface Listed {
  readonly total: number
  readonly unread: number
  readonly messages_count: number
  readonly messages: { readonly ID: string; readonly Subject: string; readonly Read: boolean }[]
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'inbox-'))
  endings.push(() => rm(path, { recursive: true }))
  return path
}

describe('a restart', () => {
  it('loses no letter that has a file', async () => {
    const file = join(await folder(), 'deep', 'letters.jsonl')
    const first = await inbox({ file })
    await send(first.smtpPort, { subject: 'one' })
    await send(first.smtpPort, { subject: 'two' })
    const before = await first.json<Listed>('/api/v1/messages')
    await first.json(`/api/v1/message/${before.messages[1]?.ID}`)
    await first.close()
    await appendFile(file, '{"ID":"cut sho') // as a crash would leave it

    const second = await inbox({ file })
    expect(await second.json<Listed>('/api/v1/messages')).toMatchObject({
      total: 2,
      unread: 1,
      messages: [
        { ID: before.messages[0]?.ID, Subject: 'two', Read: false },
        { ID: before.messages[1]?.ID, Subject: 'one', Read: true },
      ],
    })
    await send(second.smtpPort, { subject: 'three' })
    await second.close()
    const third = await inbox({ file })
    expect(await third.json('/api/v1/messages')).toMatchObject({ total: 3, messages: [{ Subject: 'three' }, {}, {}] })
    await fetch(`${third.url}/api/v1/messages`, { method: 'DELETE' })
    expect(await readFile(file, 'utf8')).toBe('')
  })

  it('finds the newest 500', async () => {
    const file = join(await folder(), 'letters.jsonl')
    const first = await inbox({ file })
    await send(first.smtpPort, { subject: 'first' })
    await first.close()
    const [sample = ''] = (await readFile(file, 'utf8')).split('\n')
    for (let n = 0; n < 499; n++) await appendFile(file, `${sample.replace('first', `number ${n}`)}\n`)

    const second = await inbox({ file })
    await send(second.smtpPort, { subject: 'last' })
    const { total, messages } = await second.json<Listed>('/api/v1/messages?limit=1000')
    expect([total, messages[0]?.Subject, messages[499]?.Subject]).toEqual([500, 'last', 'number 0'])
    await second.close()
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(500)
  })
})

describe('a port in use', () => {
  it('is told with the way out', async () => {
    const { smtpPort, url } = await inbox()
    await expect(startInbox({ smtpPort, httpPort: 0 })).rejects.toThrow(
      `Port ${smtpPort} is already in use, perhaps by another inbox. Stop that one, or set SMTP_PORT to another port.`,
    )
    const httpPort = Number(new URL(url).port)
    await expect(startInbox({ smtpPort: 0, httpPort })).rejects.toThrow(
      `Port ${httpPort} is already in use, perhaps by another inbox. Stop that one, or set INBOX_PORT to another port.`,
    )
  })
})
