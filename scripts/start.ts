/** `npm start`: the service by `wrangler dev`, its cron jobs, which wrangler does not run, and an inbox for letters. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { copyAssets } from './assets.ts'
import { CommandError, parseOptions, runCommand } from './command.ts'
import { startInbox } from './inbox.ts'
import { migrate } from './migrate.ts'
import { readCrons, startClock } from './start/crons.ts'
import { host, mailpitAt, requireFree } from './start/ports.ts'
import { end, killGroup, relay, wrangler } from './start/wrangler.ts'
import { configurationFault, localVariables } from './variables.ts'

const defaults = { port: 8787, inboxPort: 8025, smtpPort: 1025, persistTo: '.wrangler/state', varsFile: '.dev.vars' }

/** Ports and files of the service. */
export interface StartOptions {
  readonly port?: number
  readonly inboxPort?: number
  readonly smtpPort?: number
  /** The folder of the database and the letters. */
  readonly persistTo?: string
  /** The Worker's variables; if the file does not exist, it is written, with a random `SECRET_KEY`. */
  readonly varsFile?: string
  /** Prints all output of wrangler, rather than errors and warnings. */
  readonly verbose?: boolean
  /** Stops the start, and what has been started. */
  readonly signal?: AbortSignal
}

/** What {@link startAll} started. */
export interface Running {
  readonly url: string
  readonly letters: Letters
  /** Resolves when everything has ended: after `close` to undefined, else to wrangler's last output. */
  readonly ended: Promise<{ died: string } | undefined>
  close(): Promise<void>
}

/** Where letters go: a page, if it is on this machine, and a sentence for a person. */
export interface Letters {
  readonly url?: string
  readonly sentence: string
}

/**
 * Creates what is missing (variables, assets, the database's tables) and starts everything. Resolves when the service
 * answers.
 * @throws CommandError in words for a person, for example if a port is in use; then nothing is left running
 */
export async function startAll(options: StartOptions = {}): Promise<Running> {
  const { port, inboxPort, smtpPort, persistTo, varsFile, verbose = false, signal } = { ...defaults, ...options }
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }

  try {
    if (!existsSync(varsFile)) {
      const key = `SECRET_KEY="${randomBytes(48).toString('base64')}"`
      writeFileSync(varsFile, exampleVars().replace(/^SECRET_KEY=.*$/m, key), { mode: 0o600, flag: 'wx' })
      console.log(`Wrote ${varsFile}, with a SECRET_KEY of its own.`)
    }
    const { variables: vars, warnings } = localVariables(varsFile)
    for (const warning of warnings) console.warn(warning)
    const fault = configurationFault(vars)
    if (fault) throw new CommandError(`${fault}\nCorrect it in ${varsFile}, then run the same command again.`)
    const url = `http://${host}:${port}`
    const usesInbox = [host, 'localhost'].includes(vars.SMTP_HOST ?? '') && vars.SMTP_PORT === `${defaults.smtpPort}`
    const mailpit = usesInbox ? await mailpitAt(inboxPort, smtpPort) : undefined
    const inboxPorts = [
      { port: smtpPort, variable: 'SMTP_PORT', use: 'the inbox (to take letters)' },
      { port: inboxPort, variable: 'INBOX_PORT', use: 'the inbox (to show letters)' },
    ]
    const servicePort = { port, variable: 'PORT', use: 'the service' }
    await requireFree([servicePort, ...(usesInbox && !mailpit ? inboxPorts : [])])

    const crons = readCrons()
    copyAssets()
    const { DATABASE_URL: databaseUrl, DATABASE_AUTH_TOKEN: authToken } = vars
    await migrate({ databaseUrl: databaseUrl || undefined, authToken: authToken || undefined, persistTo })
    signal?.throwIfAborted()

    let letters = lettersElsewhere(vars, varsFile)
    if (mailpit) letters = { url: mailpit, sentence: `${mailpit} (Mailpit, which was running already)` }
    else if (usesInbox) {
      const inbox = await startInbox({ smtpPort, httpPort: inboxPort, file: join(persistTo, 'inbox.jsonl') })
      closers.push(() => inbox.close())
      letters = { url: inbox.url, sentence: inbox.url }
    }

    const args = ['dev', '--ip', host, '--port', `${port}`, '--inspector-port', '0', '--persist-to', persistTo]
    args.push('--show-interactive-dev-session=false', '--log-level', verbose ? 'log' : 'warn')
    if (varsFile !== defaults.varsFile) args.push('--env-file', resolve(varsFile))
    const isDefaultUrl = vars.PUBLIC_URL === `http://${host}:${defaults.port}`
    if (port !== defaults.port && isDefaultUrl) args.push('--var', `PUBLIC_URL:${url}`)
    if (usesInbox && smtpPort !== defaults.smtpPort) args.push('--var', `SMTP_PORT:${smtpPort}`)
    const dev = wrangler(args)
    const kill = () => killGroup(dev)
    process.once('exit', kill)
    let isClosing = false
    closers.push(async () => {
      isClosing = true
      await end(dev)
      process.off('exit', kill)
    })
    const lastWords = relay(dev, verbose, () => isClosing)
    const closed = once(dev, 'close')
    const exited = once(dev, 'exit').then(async ([code, name]) => {
      if (isClosing) return undefined
      await closeAll()
      await closed
      return { died: `wrangler dev ended by itself (${code ?? name}). Its last words:\n${lastWords().join('\n')}` }
    })

    // A build that fails does not end wrangler: it prints the error, and builds again when a file changes.
    const ready = new Promise<'ready'>((done) => {
      dev.on('message', (message) => String(message).includes('DEV_SERVER_READY') && done('ready'))
    })
    const aborted = new Promise<undefined>((done) => signal?.addEventListener('abort', () => done(undefined)))
    const first = await Promise.race([ready, exited, aborted])
    if (first !== 'ready') throw new CommandError(first?.died ?? 'Stopped while starting.')

    closers.push(startClock(url, crons))
    const shut = Promise.withResolvers<undefined>()
    return {
      ...{ url, letters },
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

/** The local service's variables: the example, without its comment marks. */
export const exampleVars = (): string => readFileSync('.dev.vars.example', 'utf8').replace(/^#: /gm, '')

function lettersElsewhere({ SMTP_HOST, SMTP_PORT }: NodeJS.Dict<string>, varsFile: string): Letters {
  if (!SMTP_HOST) return { sentence: `wait in the outbox, because ${varsFile} sets no SMTP_HOST` }
  return { sentence: `go to ${SMTP_HOST}:${SMTP_PORT || 587}, as ${varsFile} says` }
}

const help = `npm start [-- options]

  --persist-to DIR   where the database and the letters are kept (${defaults.persistTo})
  --vars FILE        the Worker's variables (${defaults.varsFile}); made from .dev.vars.example where there is none
  --verbose          all that wrangler says, and every request

  PORT=8788          another port for the service (${defaults.port})
  INBOX_PORT=8026    another for the inbox's pages (${defaults.inboxPort})
  SMTP_PORT=1026     another for its letters (${defaults.smtpPort})`

function portOf(variable: string, byDefault: number): number {
  const text = process.env[variable] || `${byDefault}`
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new CommandError(`${variable} must be a port, a number from 1 to 65535; it is "${text}".`)
}

function readOptions() {
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
    ...{ persistTo: values['persist-to'], varsFile: values.vars, verbose: values.verbose },
  }
}

/** What the service reports as wrong, such as a database that does not answer; undefined if it is healthy. */
async function healthFault(url: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/api/healthchecker`)
  if (answer.ok) return undefined
  const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string }
  return detail ?? `Its health check answers ${answer.status}.`
}

async function main(): Promise<void> {
  const options = readOptions()
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
  // npm may end without a signal to its child, which then has another parent.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid !== parent && stopping.abort(), 500).unref()
  // The output may be closed.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

  console.log('Starting Vizitka…')
  const running = await startAll({ ...options, signal: stopping.signal }).catch((error: unknown) => {
    if (stopping.signal.aborted) return undefined
    throw error
  })
  if (!running) return
  stopping.signal.addEventListener('abort', () => void running.close())
  if (stopping.signal.aborted) await running.close()

  const fault = await healthFault(running.url).catch(() => undefined)
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
