/** `npm start`: the service under `wrangler dev`, an inbox for its letters, and the crons that wrangler leaves out. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseConfiguration } from '../src/config.ts'
import { ConfigurationError } from '../src/platform/config/configuration.ts'
import { copyAssets } from './assets.ts'
import { CommandError, parseOptions, runCommand } from './command.ts'
import { startInbox } from './inbox.ts'
import { migrate } from './migrate.ts'
import { readCrons, startClock } from './start/crons.ts'
import { host, mailpitAt, requireFree } from './start/ports.ts'
import { end, relay, signalGroup, wrangler } from './start/wrangler.ts'
import { localVariables } from './variables.ts'

const defaults = { port: 8787, inboxPort: 8025, smtpPort: 1025, persistTo: '.wrangler/state', varsFile: '.dev.vars' }

/** Where to listen and where to keep things. */
export interface StartOptions {
  readonly port?: number
  readonly inboxPort?: number
  readonly smtpPort?: number
  /** The folder of the database and the letters. */
  readonly persistTo?: string
  /** The Worker's variables; written, with a random `SECRET_KEY`, where there is no such file. */
  readonly varsFile?: string
  /** Everything that wrangler says, rather than errors and warnings. */
  readonly verbose?: boolean
  /** Ends the start, and what has been started, when it aborts. */
  readonly signal?: AbortSignal
}

/** What {@link startAll} started. */
export interface Running {
  readonly url: string
  /** Where letters go. */
  readonly letters: Letters
  /** Fulfilled when all has ended: with nothing after `close`, with wrangler's last words when it died by itself. */
  readonly ended: Promise<{ died: string } | undefined>
  close(): Promise<void>
}

/** The page that shows letters, if it is on this machine, and a sentence for a person. */
export interface Letters {
  readonly url?: string
  readonly sentence: string
}

/**
 * Prepares what is missing (variables, assets, the database's tables) and starts everything. Resolves when the service
 * answers.
 * @throws CommandError in words for a person, such as when a port is in use; then nothing is left running
 */
export async function startAll(options: StartOptions = {}): Promise<Running> {
  const { port, inboxPort, smtpPort, persistTo, varsFile } = { ...defaults, ...options }
  const { signal, verbose = false } = options
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }

  try {
    if (writeDevVars(varsFile)) console.log(`Wrote ${varsFile}, with a SECRET_KEY of its own.`)
    const { variables: vars, warnings } = localVariables(varsFile)
    for (const warning of warnings) console.warn(warning)
    requireConfigured(vars, varsFile)
    const url = `http://${host}:${port}`
    const overrides: string[] = []
    if (port !== defaults.port && vars.PUBLIC_URL === `http://${host}:${defaults.port}`) {
      overrides.push('--var', `PUBLIC_URL:${url}`)
    }
    const ownInbox = [host, 'localhost'].includes(vars.SMTP_HOST ?? '') && vars.SMTP_PORT === String(defaults.smtpPort)
    const mailpit = ownInbox && (await mailpitAt(inboxPort, smtpPort))
    await requireFree([
      { port, variable: 'PORT', use: 'the service' },
      ...(ownInbox && !mailpit
        ? [
            { port: smtpPort, variable: 'SMTP_PORT', use: 'the inbox (to take letters)' },
            { port: inboxPort, variable: 'INBOX_PORT', use: 'the inbox (to show letters)' },
          ]
        : []),
    ])

    const crons = readCrons()
    copyAssets()
    const [databaseUrl, authToken] = [vars.DATABASE_URL || undefined, vars.DATABASE_AUTH_TOKEN || undefined]
    await migrate({ databaseUrl, authToken, persistTo, signal })

    let letters = lettersElsewhere(vars, varsFile)
    if (ownInbox) {
      if (smtpPort !== defaults.smtpPort) overrides.push('--var', `SMTP_PORT:${smtpPort}`)
      if (mailpit) {
        letters = { url: mailpit, sentence: `${mailpit} (Mailpit, which was running already)` }
      } else {
        const file = join(persistTo, 'inbox.jsonl')
        const inbox = await startInbox({ smtpPort, httpPort: inboxPort, host, file })
        closers.push(() => inbox.close())
        letters = { url: inbox.url, sentence: inbox.url }
      }
    }

    const args = ['dev', '--ip', host, '--port', `${port}`, '--inspector-port', '0', '--persist-to', persistTo]
    if (varsFile !== defaults.varsFile) args.push('--env-file', resolve(varsFile))
    args.push('--show-interactive-dev-session=false', '--log-level', verbose ? 'log' : 'warn', ...overrides)
    const dev = wrangler(args)
    const killed = () => signalGroup(dev, 'SIGKILL')
    process.once('exit', killed)
    let closing = false
    closers.push(async () => {
      closing = true
      await end(dev)
      process.off('exit', killed)
    })
    const lastWords = relay(dev, verbose, () => closing)
    const closed = once(dev, 'close')
    const exited = once(dev, 'exit').then(async ([code, name]) => {
      if (closing) return undefined
      await closeAll()
      await closed
      return { died: `wrangler dev ended by itself (${code ?? name}). Its last words:\n${lastWords().join('\n')}` }
    })

    // A build that fails is no end: wrangler says what is wrong, and goes on when it has been mended.
    const ready = new Promise<'ready'>((done) => {
      dev.on('message', (message) => {
        if (String(message).includes('DEV_SERVER_READY')) done('ready')
      })
    })
    const first = await Promise.race([ready, exited, aborted(signal)])
    if (first !== 'ready') throw new CommandError(first?.died ?? 'Stopped while starting.')

    closers.push(startClock(url, crons))
    const shut = Promise.withResolvers<undefined>()
    return {
      url,
      letters,
      ended: Promise.race([shut.promise, exited.then((ending) => ending ?? shut.promise)]),
      async close() {
        await closeAll()
        shut.resolve(undefined)
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** Rejects when the signal aborts; without one, never settles. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, failed) => {
    const stop = () => failed(new CommandError('Stopped while starting.'))
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop, { once: true })
  })
}

// ---------------------------------------------------------------- what has to be there

/** The local service's variables as the example has them, out from behind its mark. */
export const exampleVars = (): string => readFileSync('.dev.vars.example', 'utf8').replace(/^#: /gm, '')

/** Makes the variables of a new checkout from the example. Says whether it did: a file that exists is never touched. */
function writeDevVars(file: string): boolean {
  const example = exampleVars()
  const secret = `SECRET_KEY="${randomBytes(48).toString('base64')}"`
  try {
    writeFileSync(file, example.replace(/^SECRET_KEY=.*$/m, secret), { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** @throws CommandError where the service would answer nothing but what is wrong with its variables */
function requireConfigured(vars: NodeJS.Dict<string>, varsFile: string): void {
  try {
    parseConfiguration(vars)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new CommandError(`${error.message}\nCorrect it in ${varsFile}, then run the same command again.`, {
      cause: error,
    })
  }
}

function lettersElsewhere({ SMTP_HOST, SMTP_PORT }: NodeJS.Dict<string>, varsFile: string): Letters {
  if (!SMTP_HOST) return { sentence: `wait in the outbox, because ${varsFile} sets no SMTP_HOST` }
  return { sentence: `go to ${SMTP_HOST}:${SMTP_PORT || 587}, as ${varsFile} says` }
}

// ---------------------------------------------------------------- npm start

const help = `npm start [-- options]

  --persist-to DIR   where the database and the letters are kept (${defaults.persistTo})
  --vars FILE        the Worker's variables (${defaults.varsFile}); made from .dev.vars.example where there is none
  --verbose          all that wrangler says, and every request

  PORT=8788          another port for the service (${defaults.port})
  INBOX_PORT=8026    another for the inbox's pages (${defaults.inboxPort})
  SMTP_PORT=1026     another for its letters (${defaults.smtpPort})`

function portOf(variable: string, otherwise: number): number {
  const text = process.env[variable]
  if (text === undefined || text === '') return otherwise
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new CommandError(`${variable} must be a port, a number from 1 to 65535; it is "${text}".`)
}

function readOptions(): StartOptions {
  const { values } = parseOptions(help, {
    options: {
      'persist-to': { type: 'string', default: defaults.persistTo },
      vars: { type: 'string', default: defaults.varsFile },
      verbose: { type: 'boolean', default: false },
    },
  })
  return {
    port: portOf('PORT', defaults.port),
    inboxPort: portOf('INBOX_PORT', defaults.inboxPort),
    smtpPort: portOf('SMTP_PORT', defaults.smtpPort),
    persistTo: values['persist-to'],
    varsFile: values.vars,
    verbose: values.verbose,
  }
}

/** What the service itself says is wrong, such as a database that does not answer; undefined when it is well. */
async function complaint(url: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/api/healthchecker`)
  if (answer.ok) return undefined
  const body: unknown = await answer.json().catch(() => undefined)
  const detail = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : undefined
  return typeof detail === 'string' ? detail : `Its health check answers ${answer.status}.`
}

async function main(): Promise<void> {
  const options = readOptions()
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
  // npm, told to end, does not always tell its child: that it is gone says the same.
  const parent = process.ppid
  const orphaned = () => process.ppid !== parent && stopping.abort()
  if (process.env.npm_lifecycle_event) setInterval(orphaned, 500).unref()
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}) // nobody reads any more

  console.log('Starting Vizitka…')
  const running = await startAll({ ...options, signal: stopping.signal }).catch((error: unknown) => {
    if (stopping.signal.aborted) return undefined
    throw error
  })
  if (!running) return
  stopping.signal.addEventListener('abort', () => void running.close())
  if (stopping.signal.aborted) await running.close()

  const fault = await complaint(running.url).catch(() => undefined)
  console.log(`
${fault ? `Vizitka runs, but something is wrong. ${fault}` : 'Vizitka is ready.'}

  Service    ${running.url}
  Try it     ${running.url}/docs
  Reference  ${running.url}/redoc
  Health     ${running.url}/api/healthchecker
  Letters    ${running.letters.sentence}

Ctrl-C ends it. What you enter is kept in ${options.persistTo}.
`)
  const ending = await running.ended
  if (ending) throw new CommandError(ending.died)
  console.log('\nStopped.')
}

if (import.meta.main) await runCommand(main)
