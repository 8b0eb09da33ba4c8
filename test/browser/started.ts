import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandError } from '../../scripts/command.ts'
import { exampleVars, type Running, type StartOptions, startAll } from '../../scripts/start.ts'

/** The parts that `npm start` starts. */
export interface Service {
  readonly url: string
  /** The inbox's pages and its API (Mailpit's). */
  readonly inboxUrl: string
}

/** A service with its own empty database. */
export interface StartedService extends Service {
  close(): Promise<void>
}

/** Variables that differ from `.dev.vars.example`. */
export interface ServiceOptions {
  readonly CORS_ORIGINS?: string
  readonly ADMIN_EMAIL?: string
  /** `1s`, so that a test sees a token expire. */
  readonly ACCESS_TOKEN_TTL?: string
  /** Over the generous ones below: `contacts-create=2/60s`. */
  readonly RATE_LIMITS?: string
}

/** Most tests do not test limits, and all requests come from one address. */
const generous = ['signup', 'login', 'refresh', 'request-email', 'confirm', 'reset', 'contacts-create']
  .map((name) => `${name}=1000/60s`)
  .join(',')

/** Starts the service on free ports; `close` stops it and deletes its data. */
export async function startService(options: ServiceOptions = {}): Promise<StartedService> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-browser-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const varsFile = join(folder, 'vars')
    const example = exampleVars()
    const vars = {
      SECRET_KEY: 'only-for-tests-8b1d5f0a7c3e9264d8f1a6b0c5e72943',
      ...options,
      RATE_LIMITS: `${generous},${options.RATE_LIMITS ?? ''}`,
    }
    await writeFile(varsFile, Object.entries(vars).reduce(withVariable, example))
    const { running, inboxPort } = await started({ persistTo: join(folder, 'state'), varsFile })
    const close = async () => {
      await running.close()
      await remove()
    }
    return { url: running.url, inboxUrl: `http://127.0.0.1:${inboxPort}`, close }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Starts it on free ports. Tries other ports if another process took one of them meanwhile. */
async function started(options: StartOptions, attempts = 3): Promise<{ running: Running; inboxPort: number }> {
  const [port = 0, inboxPort = 0, smtpPort = 0] = await freePorts(3)
  try {
    return { running: await startAll({ ...options, port, inboxPort, smtpPort }), inboxPort }
  } catch (error) {
    if (attempts === 1 || !(error instanceof CommandError) || !/already in use/.test(error.message)) throw error
    return started(options, attempts - 1)
  }
}

/** Returns the text of a vars file with one variable set. */
function withVariable(text: string, [name, value]: [name: string, value: string]): string {
  const line = `${name}="${value}"`
  const there = new RegExp(`^${name}=.*$`, 'm')
  return there.test(text) ? text.replace(there, () => line) : `${text}\n${line}\n`
}

/** Finds free ports. All are kept open until all are found, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from({ length: count }, async () => {
      const probe = createServer()
      await new Promise<void>((done, failed) => probe.once('error', failed).listen(0, '127.0.0.1', done))
      return probe
    }),
  )
  return Promise.all(
    probes.map((probe) => {
      const address = probe.address()
      return new Promise<number>((done) => {
        probe.close(() => done(address && typeof address === 'object' ? address.port : 0))
      })
    }),
  )
}
