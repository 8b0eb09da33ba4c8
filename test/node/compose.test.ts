import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/http'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startInbox } from '../../scripts/inbox.ts'
import { exampleVars } from '../../scripts/start.ts'
import { sqldMissing, startSqld } from '../sqld.ts'
import { freePorts, type Ports, type Script, start } from './running.ts'

const email = 'ana@example.com'

describe.skipIf(sqldMissing())('npm start, where docker-compose.yml’s services run and .dev.vars names them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-compose-'))
  const closers: (() => unknown)[] = []
  let ports: Ports
  let databaseUrl: string
  let inboxUrl: string
  let service: Script

  beforeAll(async () => {
    ports = await freePorts()
    const sqld = await startSqld()
    databaseUrl = sqld.url
    closers.push(() => sqld.stop())
    // In place of Mailpit: an inbox on its SMTP port, and Mailpit's own readiness check on its HTTP port.
    const inbox = await startInbox({ smtpPort: ports.smtpPort, httpPort: 0 })
    inboxUrl = inbox.url
    closers.push(() => inbox.close())
    const mailpit = createServer((_, response) => response.end(JSON.stringify({ Version: 'v1.30.7' })))
    mailpit.listen(ports.inboxPort, '127.0.0.1')
    await once(mailpit, 'listening')
    closers.push(() => mailpit.close())

    const secret = 'SECRET_KEY="vJ3kq0Yw8sZ1nB6tR5xD2mC9fH4gL7pA"'
    const example = exampleVars().replace('SECRET_KEY=""', secret)
    writeFileSync(join(folder, 'vars'), `${example}\nDATABASE_URL="${databaseUrl}"\n`)
    service = start(folder, ports)
    closers.push(async () => {
      service.child.kill('SIGINT')
      await service.ended
    })
    await service.prints('Vizitka is ready.')
  })

  afterAll(async () => {
    for (const close of closers.reverse()) await close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('migrates the libSQL database and keeps accounts there', async () => {
    const answer = await fetch(`http://127.0.0.1:${ports.port}/api/auth/signup`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'Ana', email, password: 'correct horse battery' }),
    })
    expect(answer.status).toBe(201)
    const { rows } = await createClient({ url: databaseUrl }).execute('SELECT username, email FROM users')
    expect(rows.map(({ username, email }) => [username, email])).toEqual([['Ana', email]])
  })

  it('sends letters to the Mailpit that is there, and says so', async () => {
    expect(service.output()).toMatch(/Letters .*\(Mailpit, which was running already\)/)
    await vi.waitFor(
      async () => {
        const { messages } = (await (await fetch(`${inboxUrl}/api/v1/messages`)).json()) as {
          messages: { Subject: string; To: { Address: string }[] }[]
        }
        expect(messages.map(({ Subject, To }) => [Subject, To[0]?.Address])).toEqual([['Confirm your email', email]])
      },
      { timeout: 10_000, interval: 100 },
    )
  })
})
