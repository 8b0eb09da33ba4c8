import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { dialogue, inbox, type Listed, send } from '../test/inbox.ts'

describe('the API', () => {
  it('lists, shows and deletes letters that arrived by SMTP, in the format of Mailpit', async () => {
    const { smtpPort, json, url } = await inbox()
    expect(await send(smtpPort, { body: 'Відкрийте https://vizitka.test/confirm?a=1&b=2.' })).toContain(
      '250 Kept in the inbox',
    )

    const list = await json<Listed>('/api/v1/messages')
    const person = { Name: 'Ana', Address: 'ana@example.com' }
    expect(list).toEqual({
      total: 1,
      unread: 1,
      count: 1,
      messages_count: 1,
      start: 0,
      tags: [],
      messages: [
        {
          ID: expect.stringMatching(/^[\w-]{22}$/),
          MessageID: 'one@example.com',
          Read: false,
          From: { Name: 'Vizitka, the book', Address: 'vizitka@example.com' },
          To: [person],
          Cc: [],
          Bcc: [],
          ReplyTo: [],
          Subject: 'Hello',
          Created: expect.stringMatching(/^\d{4}-.*Z$/),
          Tags: [],
          Size: expect.any(Number),
          Attachments: 0,
          Snippet: 'Відкрийте https://vizitka.test/confirm?a=1&b=2.',
        },
      ],
    })

    const detail = await json<{ ID: string }>(`/api/v1/message/${list.messages[0]?.ID}`)
    expect(detail).toMatchObject({
      To: [person],
      ReturnPath: 'vizitka@example.com',
      Date: '2026-11-21T03:00:00.000Z',
      Text: 'Відкрийте https://vizitka.test/confirm?a=1&b=2.\n',
      HTML: '',
      Attachments: [],
      Inline: [],
    })
    expect(await json('/api/v1/message/latest')).toEqual(detail)
    expect(await json<Listed>('/api/v1/messages')).toMatchObject({ unread: 0, messages: [{ Read: true }] })

    const deleted = await fetch(`${url}/api/v1/messages`, {
      method: 'DELETE',
      body: JSON.stringify({ IDs: [detail.ID] }),
    })
    expect(await deleted.text()).toBe('ok')
    expect(await json<Listed>('/api/v1/messages')).toMatchObject({ total: 0, messages: [] })
    expect((await fetch(`${url}/api/v1/message/latest`)).status).toBe(404)
  })

  it('lists letters in pages, newest first, and deletes all of them, or none if the request is invalid', async () => {
    const { smtpPort, json, url } = await inbox()
    for (const subject of ['one', 'two', 'three']) await send(smtpPort, { subject })
    expect(await json('/api/v1/messages?start=1&limit=1')).toMatchObject({
      total: 3,
      start: 1,
      messages: [{ Subject: 'two' }],
    })
    expect(await json<Listed>('/api/v1/messages?start=-1&limit=x')).toMatchObject({ messages: { length: 3 } })

    const remove = (body?: string) => fetch(`${url}/api/v1/messages`, { method: 'DELETE', ...(body && { body }) })
    for (const nonsense of ['{', '[1', '{"IDs":"all"}', '{"IDs":[1]}', 'null'])
      expect((await remove(nonsense)).status).toBe(400)
    await remove('{"IDs":["nobody"]}')
    expect(await json('/api/v1/messages')).toMatchObject({ total: 3 })
    await remove()
    expect(await json('/api/v1/messages')).toMatchObject({ total: 0 })
  })

  it('searches by recipient, sender, subject and text', async () => {
    const { smtpPort, json } = await inbox()
    await send(smtpPort, { to: 'ana+book@example.com', subject: 'Confirm your address' })
    await send(smtpPort, { to: 'bohdan@example.com', subject: 'Reset', body: 'Вітаємо' })
    const subjects = async (query: string) => {
      const { messages } = await json<Listed>(`/api/v1/search?query=${encodeURIComponent(query)}`)
      return messages.map(({ Subject }) => Subject)
    }
    expect(await subjects('to:ANA+book@example.com')).toEqual(['Confirm your address'])
    expect(await subjects('to:"bohdan@example.com" subject:reset')).toEqual(['Reset'])
    expect(await subjects('to:bohdan subject:confirm')).toEqual([])
    expect(await subjects('вітаємо')).toEqual(['Reset'])
    expect(await subjects('from:vizitka')).toHaveLength(2)
  })

  it('accepts mail with and without a password', async () => {
    const { smtpPort, json } = await inbox()
    const heard = await dialogue(smtpPort, ['EHLO here', 'AUTH PLAIN AGFuYQBodW50ZXIy', 'QUIT'])
    expect(heard).toMatch(/^235 /m)
    // A recipient who is in no header gets a blind copy.
    await dialogue(smtpPort, [
      'EHLO here',
      'MAIL FROM:<a@b.test>',
      'RCPT TO:<eve@b.test>',
      'DATA',
      'Subject: x\r\n\r\nHi\r\n.',
      'QUIT',
    ])
    expect(await json('/api/v1/message/latest')).toMatchObject({ To: [], Bcc: [{ Address: 'eve@b.test' }] })
  })
})

describe('the pages', () => {
  const hostile = '<script>alert(1)</script>"\'&'

  it('show a hostile letter without running its code', async () => {
    const { smtpPort, json, text, url } = await inbox()
    await send(smtpPort, {
      subject: hostile,
      type: 'text/html',
      headers: [`X-Evil: ${hostile}`],
      body: `<base href="https://evil.test"><script>alert(2)</script>
        <a href="https://vizitka.test/confirm?a=1&amp;b=2">go</a> <a href="javascript:alert(3)">no</a>
        <a href='https://evil.test/"><script>alert(4)</script>'>x</a>`,
    })
    const { ID } = await json<{ ID: string }>('/api/v1/message/latest')
    for (const path of ['/', `/message/${ID}`]) {
      const page = (await text(path)).replace('<script src="/list.js"></script>', '')
      expect(page).toContain('&lt;script&gt;alert(1)')
      expect(page).not.toMatch(/<script|javascript:/)
    }
    const pagePolicy = (await fetch(`${url}/message/${ID}`)).headers.get('content-security-policy')
    expect(pagePolicy).toMatch(/^default-src 'none'; (?!.*script-src)/)
    const page = await text(`/message/${ID}`)
    expect(page).toContain(
      '<a href="https://vizitka.test/confirm?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">',
    )
    expect(page).toContain(
      `<iframe title="The letter" sandbox="allow-popups allow-popups-to-escape-sandbox" src="/message/${ID}/html">`,
    )

    const frame = await fetch(`${url}/message/${ID}/html`)
    const policy = frame.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toMatch(/; sandbox allow-popups allow-popups-to-escape-sandbox$/)
    expect(policy).not.toMatch(/script-src|allow-scripts|allow-same-origin/)
    expect(await frame.text()).toMatch(/^<!doctype html>.*<base target="_blank">/)
  })

  it('delete letters by a button, but not by a form of another site', async () => {
    const { smtpPort, json, text, url } = await inbox()
    expect(await text('/')).toContain('No letters yet')
    await send(smtpPort, {})
    await send(smtpPort, {})
    const { ID } = await json<{ ID: string }>('/api/v1/message/latest')
    const press = (path: string, headers: Record<string, string> = {}) =>
      fetch(url + path, { method: 'POST', redirect: 'manual', headers })
    expect((await press(`/message/${ID}/delete`, { origin: 'https://evil.test' })).status).toBe(403)
    expect((await press(`/message/${ID}/delete`, { origin: url })).status).toBe(303)
    expect((await fetch(`${url}/message/${ID}`)).status).toBe(404)
    expect(await json('/api/v1/messages')).toMatchObject({ total: 1 })
    await press('/delete')
    expect(await json('/api/v1/messages')).toMatchObject({ total: 0 })
  })

  it('answer only under names of this machine', async () => {
    const { url } = await inbox()
    const port = Number(new URL(url).port)
    const ask = (host: string) => raw(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    expect(await ask(`evil.test:${port}`)).toMatch(/^HTTP\/1\.1 403 /)
    expect(await ask(`localhost:${port}`)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await raw(port, 'GET //[ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 [45]\d\d /,
    )
  })
})

async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  let heard = ''
  for await (const chunk of socket) heard += chunk
  return heard
}
