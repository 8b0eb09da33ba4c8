/** A local inbox for one test, and letters to it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { type InboxOptions, startInbox } from '../scripts/inbox.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

export async function inbox(options: Partial<InboxOptions> = {}) {
  const started = await startInbox({ smtpPort: 0, httpPort: 0, ...options })
  endings.push(() => started.close())
  const json = async <T>(path: string, init?: RequestInit) =>
    (await (await fetch(started.url + path, init)).json()) as T
  return { ...started, json, text: async (path: string) => (await fetch(started.url + path)).text() }
}

/** Speaks SMTP line by line: sends a line, waits for the reply; resolves with all replies. */
export async function dialogue(port: number, lines: readonly string[]): Promise<string> {
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

export function send(
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

export interface Listed {
  readonly total: number
  readonly unread: number
  readonly messages_count: number
  readonly messages: { readonly ID: string; readonly Subject: string; readonly Read: boolean }[]
}

/** A folder for an inbox's letters, deleted after the test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'inbox-'))
  endings.push(() => rm(path, { recursive: true }))
  return path
}
