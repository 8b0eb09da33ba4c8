import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, inbox, type Listed, send } from '../../test/inbox.ts'
import { startInbox } from '../inbox.ts'

describe('a restart', () => {
  it('loses no letter that is stored in the file', async () => {
    const file = join(await folder(), 'deep', 'letters.jsonl')
    const first = await inbox({ file })
    await send(first.smtpPort, { subject: 'one' })
    await send(first.smtpPort, { subject: 'two' })
    const before = await first.json<Listed>('/api/v1/messages')
    await first.json(`/api/v1/message/${before.messages[1]?.ID}`)
    await first.close()
    await appendFile(file, '{"ID":"cut sho') // As after a crash.

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

  it('keeps the newest 500 letters', async () => {
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
  it('is reported with the variable that chooses another', async () => {
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
