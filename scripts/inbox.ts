import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { SMTPServer } from 'smtp-server'
import { CommandError } from './command.ts'
import { inboxApp } from './inbox/app.ts'
import { type Letters, openLetters } from './inbox/letters.ts'
import { receive } from './inbox/receive.ts'

/** Where the inbox listens, on this machine only. A port of 0 picks a free one. */
export interface InboxOptions {
  readonly smtpPort: number
  readonly httpPort: number
  /** Stores letters in this file, one JSON object a line, so that they survive a restart. */
  readonly file?: string
}

/** A running inbox. */
export interface Inbox {
  readonly smtpPort: number
  /** The URL of its pages and its API, without a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts the local inbox: an SMTP server that delivers nothing, pages that show the letters, and the part of Mailpit's
 * API (v1) that tests need. Letters are untrusted input: nothing in one runs, loads, or leaves its frame.
 * @throws CommandError in words for a person if a port is in use
 */
export async function startInbox(options: InboxOptions): Promise<Inbox> {
  const letters = await openLetters(options.file)
  const smtp = smtpServer(letters)
  const http = createAdaptorServer({ fetch: inboxApp(letters).fetch }) as Server
  const smtpPort = await listen(smtp, options.smtpPort, 'SMTP_PORT')
  const closeSmtp = () => new Promise<void>((done) => smtp.close(() => done()))
  const httpPort = await listen(http, options.httpPort, 'INBOX_PORT').catch(async (error: unknown) => {
    await closeSmtp()
    throw error
  })
  return {
    smtpPort,
    url: `http://127.0.0.1:${httpPort}`,
    async close() {
      await closeSmtp()
      http.closeAllConnections()
      await new Promise((done) => http.close(done))
      await letters.flush()
    },
  }
}

/** An SMTP server that accepts every letter from anybody, and only stores it. */
const smtpServer = (letters: Letters): SMTPServer =>
  new SMTPServer({
    banner: 'Vizitka inbox',
    size: 10 * 1024 * 1024, // Octets of a letter.
    // Accepts a client with or without a password, always in clear text.
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(null, { user: 'anybody' }),
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 500, // Milliseconds.
    onData(stream, session, done) {
      receive(stream, session)
        .then(letters.add)
        .then(() => done(null, 'Kept in the inbox'), done)
    },
  })

async function listen(server: SMTPServer | Server, port: number, variable: string): Promise<number> {
  await new Promise<void>((done, failed) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      const inUse = `Port ${port} is already in use, perhaps by another inbox. Stop that one, or set ${variable} to another port.`
      failed(error.code === 'EADDRINUSE' ? new CommandError(inUse, { cause: error }) : error)
    })
    server.listen(port, '127.0.0.1', done)
  })
  return ((server instanceof SMTPServer ? server.server : server).address() as AddressInfo).port
}
