import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { stranger } from './stranger.ts'

/**
 * A point of the SMTP dialogue at which the server may misbehave. `body` is the end of the letter, `line` its first
 * line.
 */
export type Step =
  | 'connect'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'line'
  | 'body'
  | 'QUIT'

export interface Turn {
  /** Its reply, byte for byte, one packet each. */
  readonly say?: readonly string[]
  /** What it does next. `hang`: sends nothing more. `flood`: sends without end. `tls`: a TLS handshake. */
  readonly next?: 'close' | 'reset' | 'hang' | 'flood' | 'tls'
}

/** How a server behaves. Steps that are not named succeed. */
export interface Script {
  readonly steps?: Partial<Record<Step, Turn>>
  /** The capabilities of EHLO, in clear text and, unless `securedCapabilities` differs, under TLS. */
  readonly capabilities?: readonly string[]
  readonly securedCapabilities?: readonly string[]
  /** TLS from the first byte. */
  readonly tls?: boolean
  /** Presents an untrusted certificate. */
  readonly stranger?: boolean
}

/** What one client did. */
export interface Transcript {
  /** Its commands in order; those sent under TLS begin with a padlock. */
  readonly commands: string[]
  /** The letter as it was sent, with dot-stuffing. */
  letter: string
  closed: boolean
}

/**
 * A self-signed certificate for localhost. `NODE_EXTRA_CA_CERTS=test/hostile-smtp.ts` makes workerd accept it. Its key
 * is public, and only for tests.
 */
const certificate = `
-----BEGIN CERTIFICATE-----
MIIBqTCCAVCgAwIBAgIUZ0qtREVvi2rCIy+iKpNmJzyY2e0wCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSVml6aXRrYSB0ZXN0cyBvbmx5MCAXDTI2MTEyMTAzMTU1OVoY
DzIxMjYxMDI4MDMxNTU5WjAdMRswGQYDVQQDDBJWaXppdGthIHRlc3RzIG9ubHkw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQJb9dX7Qh6u+1FOPw9jhaCxZxce0dk
GbjvQFn+2eYEoARu5TifGwvE7HJbgZxs+HGOOXalAWfGz9l4aNzVZwwFo2wwajAd
BgNVHQ4EFgQULAw1bkl0Fre/9GMv+U1dxVznuGIwHwYDVR0jBBgwFoAULAw1bkl0
Fre/9GMv+U1dxVznuGIwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAwGA1Ud
EwEB/wQCMAAwCgYIKoZIzj0EAwIDRwAwRAIgRXOOHBSYXP9M63qPU5Nseq4ugyBD
1J+k60zIvPlPHHQCIGKjpeQ7uzVpgAPeAFd5hi/LCxJvKxVwuAxtu5jkmmf+
-----END CERTIFICATE-----
`
const key = `
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgU0/R5UO+M7Dje+Ji
DjoELZuSQBMBkWOrO9jxgBMptlShRANCAAQJb9dX7Qh6u+1FOPw9jhaCxZxce0dk
GbjvQFn+2eYEoARu5TifGwvE7HJbgZxs+HGOOXalAWfGz9l4aNzVZwwF
-----END PRIVATE KEY-----
`

const polite: Record<Step, Turn> = {
  connect: { say: ['220 hostile.test ESMTP\r\n'] },
  EHLO: {},
  HELO: { say: ['250 hostile.test\r\n'] },
  STARTTLS: { say: ['220 2.0.0 Go ahead\r\n'], next: 'tls' },
  AUTH: { say: ['235 2.7.0 Welcome\r\n'] },
  MAIL: { say: ['250 2.1.0 Ok\r\n'] },
  RCPT: { say: ['250 2.1.5 Ok\r\n'] },
  DATA: { say: ['354 Go on\r\n'] },
  line: {},
  body: { say: ['250 2.0.0 Taken\r\n'] },
  QUIT: { say: ['221 2.0.0 Bye\r\n'], next: 'close' },
}

/**
 * Starts SMTP servers that misbehave on request. `POST url` with a Script starts one on a free port and returns `{ port
 * }`; `GET url/{port}` returns the transcripts of its clients; `GET url` returns `{ trusted }`: whether workerd accepts
 * the certificate.
 */
export async function startHostileSmtp(): Promise<{ url: string; close(): Promise<void> }> {
  const servers = new Map<number, { server: Server; transcripts: Transcript[]; sockets: Set<Socket> }>()

  const control = createHttpServer(async (request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    try {
      if (request.method === 'POST') {
        const script: Script = JSON.parse(await bodyOf(request))
        const transcripts: Transcript[] = []
        const sockets = new Set<Socket>()
        const server = createTcpServer((socket) => {
          sockets.add(socket)
          socket.once('close', () => sockets.delete(socket))
          serve(socket, script, transcripts)
        })
        const port = await listening(server)
        servers.set(port, { server, transcripts, sockets })
        return answer(201, { port })
      }
      if (request.url === '/')
        return answer(200, { trusted: process.env.NODE_EXTRA_CA_CERTS?.endsWith('hostile-smtp.ts') === true })
      const found = servers.get(Number(request.url?.slice(1)))
      return found ? answer(200, found.transcripts) : answer(404, { error: 'No server on this port.' })
    } catch (error) {
      return answer(400, { error: String(error) })
    }
  })
  const port = await listening(control)

  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const { server, sockets } of servers.values()) {
        for (const socket of sockets) socket.destroy()
        server.close()
      }
      control.closeAllConnections()
      await new Promise((done) => control.close(done))
    },
  }
}

function serve(plain: Socket, script: Script, transcripts: Transcript[]): void {
  const transcript: Transcript = { commands: [], letter: '', closed: false }
  transcripts.push(transcript)
  let socket: Socket = plain
  let secured = false
  let inLetter = false
  let silent = false
  let pending = ''

  const gone = () => {
    plain.destroy()
    transcript.closed = true
  }
  plain.on('close', gone)

  const secure = () => {
    socket.removeAllListeners('data')
    const secureContext = createSecureContext(script.stranger ? stranger : { cert: certificate, key })
    socket = new TLSSocket(plain, { isServer: true, secureContext })
    secured = true
    pending = ''
    listen()
  }

  const take = async (step: Step) => {
    const wellBehaved = step === 'EHLO' ? { say: [announcement(script, secured)] } : polite[step]
    const turn = script.steps?.[step] ?? wellBehaved
    for (const [n, words] of (turn.say ?? []).entries()) {
      if (n > 0) await new Promise((later) => setTimeout(later, 10)) // so that each goes in a packet of its own
      socket.write(words)
    }
    if (turn.next === 'close') socket.end()
    if (turn.next === 'reset') plain.resetAndDestroy()
    if (turn.next === 'tls') secure()
    if (turn.next === 'hang' || turn.next === 'flood') silent = true
    if (turn.next === 'flood') flood(socket)
  }

  const hear = (line: string) => {
    if (silent) return
    if (!inLetter) {
      transcript.commands.push(secured ? `🔒 ${line}` : line)
      const verb = /^\w+/.exec(line)?.[0].toUpperCase() ?? ''
      if (verb === 'DATA') inLetter = !script.steps?.DATA
      if (isStep(verb)) void take(verb)
      else if (verb === 'RSET') socket.write('250 Ok\r\n')
      else socket.write('500 5.5.1 What?\r\n')
    } else if (line === '.') {
      inLetter = false
      void take('body')
    } else {
      if (transcript.letter === '') void take('line')
      transcript.letter += `${line}\r\n`
    }
  }

  const listen = () => {
    socket.on('error', () => plain.destroy())
    socket.on('end', gone) // under TLS, no `close` follows when the handshake was given up
    socket.on('close', gone)
    socket.on('data', (chunk: Buffer) => {
      pending += chunk.toString()
      const lines = pending.split('\r\n')
      pending = lines.pop() ?? ''
      for (const line of lines) hear(line)
    })
  }

  if (script.tls) secure()
  else listen()
  void take('connect')
}

function announcement(script: Script, secured: boolean): string {
  const capabilities = (secured ? script.securedCapabilities : undefined) ?? script.capabilities ?? []
  const lines = ['hostile.test', ...capabilities]
  return lines.map((line, n) => `250${n < lines.length - 1 ? '-' : ' '}${line}\r\n`).join('')
}

function flood(socket: Socket): void {
  const more = () => {
    while (!socket.destroyed && socket.write('blah '.repeat(1000)));
    if (!socket.destroyed) socket.once('drain', more)
  }
  more()
}

function isStep(verb: string): verb is Step {
  return verb in polite
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done, failed) => server.once('error', failed).listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
