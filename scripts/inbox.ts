import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { SMTPServer } from 'smtp-server'
import { CommandError, runCommand } from './command.ts'
import { inboxApp } from './inbox/app.ts'
import { openLetters } from './inbox/letters.ts'
import { smtpServer } from './inbox/smtp.ts'

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

/**
 * Starts the local inbox: an SMTP server that delivers nothing, pages to read what it was given, and the part of
 * Mailpit's API (v1) that tests need. Letters are hostile input: nothing in one runs, loads, or leaves its frame.
 * @throws CommandError in a sentence for a person when a port is taken.
 */
export async function startInbox(options: InboxOptions): Promise<Inbox> {
  const host = options.host ?? '127.0.0.1'
  const letters = await openLetters(options.file)
  const smtp = smtpServer(letters)
  const http = createAdaptorServer({ fetch: inboxApp(letters, host).fetch }) as Server
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
        await letters.flush()
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
      failed(error.code === 'EADDRINUSE' ? new CommandError(taken, { cause: error }) : error)
    })
    server.listen(port, host, done)
  })
  const address = server instanceof SMTPServer ? server.server.address() : server.address()
  return (address as AddressInfo).port
}

if (import.meta.main) {
  await runCommand(async () => {
    const { SMTP_PORT = 1025, INBOX_PORT = 8025 } = process.env
    const inbox = await startInbox({ smtpPort: Number(SMTP_PORT), httpPort: Number(INBOX_PORT) })
    console.log(`The inbox takes letters on port ${inbox.smtpPort} and shows them on ${inbox.url}`)
  })
}
