import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyAssets } from '../../scripts/assets.ts'
import { startInbox } from '../../scripts/inbox.ts'

/** The real service under `wrangler dev`, with an empty database and an inbox of its own. */
export interface Service {
  readonly url: string
  /** The inbox's pages and its API (Mailpit's). */
  readonly inboxUrl: string
  close(): Promise<void>
}

const wrangler = ['node_modules/wrangler/bin/wrangler.js']
const startSeconds = 90 // a cold machine, with other tests beside
const secretKey = 'only-for-tests-8b1d5f0a7c3e9264d8f1a6b0c5e72943'

/** Starts it on free ports; `close` ends what was started and deletes what was stored. */
export async function startService(): Promise<Service> {
  copyAssets()
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-browser-'))
  const inbox = await startInbox({ smtpPort: 0, httpPort: 0 })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let dev: ChildProcess | undefined
  const close = async () => {
    if (dev) await end(dev)
    await inbox.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await run('d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', folder)
    const variables = {
      SECRET_KEY: secretKey,
      PUBLIC_URL: url,
      CORS_ORIGINS: 'http://localhost:3000',
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: inbox.smtpPort,
      SMTP_SECURITY: 'none',
      MAIL_FROM: 'Vizitka <hello@vizitka.localhost>',
    }
    dev = start(
      'dev',
      ...['--ip', '127.0.0.1', '--port', `${port}`, '--inspector-port', '0', '--persist-to', folder],
      ...['--show-interactive-dev-session=false'],
      ...Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
    )
    await answering(`${url}/api/healthchecker`, dev)
    return { url, inboxUrl: inbox.url, close }
  } catch (error) {
    await close()
    throw error
  }
}

function start(...args: string[]): ChildProcess {
  // A group of its own: workerd is wrangler's child, and both must end.
  const child = spawn(process.execPath, [...wrangler, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' },
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said.push(chunk.toString())
    })
  }
  outputs.set(child, said)
  return child
}

const outputs = new WeakMap<ChildProcess, string[]>()
const outputOf = (child: ChildProcess): string => (outputs.get(child) ?? []).join('')

async function run(...args: string[]): Promise<void> {
  const child = start(...args)
  const code = await new Promise((done) => child.once('close', done))
  if (code !== 0) throw new Error(`wrangler ${args.join(' ')} ended with ${code}:\n${outputOf(child)}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const ended = new Promise((done) => child.once('close', done))
  process.kill(-child.pid, 'SIGTERM')
  await ended
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + startSeconds * 1000
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((done) => setTimeout(done, 200))
  }
  throw new Error(`The service did not start:\n${outputOf(child)}`)
}

/** A port that nobody listens on at this moment. */
function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer()
    probe.once('error', failed)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => {
        if (address && typeof address === 'object') done(address.port)
        else failed(new Error('No free port.'))
      })
    })
  })
}
