import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Account, token } from '../cloudflare/account.ts'

/** The result of a run of `npm run deploy`. */
export interface Run {
  readonly code: number | null
  readonly output: string
  /** The wrangler commands that it ran. */
  readonly commands: readonly string[]
}

/** A separate checkout, from which `npm run deploy` runs against the stand-in for Cloudflare. */
export interface Checkout {
  readonly folder: string
  /** Its environment: nothing of this machine, no token, no account, no login, no secrets. */
  readonly environment: Readonly<Record<string, string>>
  has(file: string): boolean
  read(file: string): string
  write(file: string, text: string): void
  /** Runs it with the token and the stand-in's health check. */
  deploy(args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Run>
  /** Runs it without a login, and with the real health check. */
  alone(args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Run>
  /** From here on, the trial build before each deployment is skipped, and counts as successful. */
  leaveOutTrials(): void
  remove(): void
}

/** wrangler.toml as before any deployment: a fork's contains its own ids, addresses and names. */
export function pristine(text = readFileSync('wrangler.toml', 'utf8')): string {
  let table = ''
  return text
    .split('\n')
    .flatMap((line) => {
      const header = line.match(/^\[\[?([\w.-]+)\]\]?/)?.[1]
      table = header ?? table
      const own = table.startsWith('env.staging') ? 'vizitka-staging' : 'vizitka'
      if (header === undefined && table.endsWith('.vars') && /^[^#]/.test(line)) return []
      if (table === 'd1_databases' && /^database_id\s*=/.test(line)) return 'database_id = "DB"'
      if (table === 'kv_namespaces' && /^id\s*=/.test(line)) return 'id = "CACHE"'
      if (/^(database_id|id|account_id|routes?)\s*=/.test(line)) return []
      if (/^workers_dev\s*=/.test(line)) return 'workers_dev = true'
      // A binding's name is not the owner's choice.
      return /^env\.\w+$|^$|d1_databases$/.test(table)
        ? line.replace(/^((?:database_)?name) = .*/, `$1 = "${own}"`)
        : line
    })
    .join('\n')
}

/**
 * Replaces wrangler: records its arguments, and then runs the real one. If a file `built` exists, a trial build counts
 * as successful without running, for tests of later steps: wrangler takes more than a second to build.
 */
const recorder = `
const { appendFileSync, existsSync, writeFileSync } = require('node:fs')
const args = process.argv.slice(2)
appendFileSync(__dirname + '/commands', JSON.stringify(args) + String.fromCharCode(10))
if (args.includes('--dry-run') && existsSync(__dirname + '/built')) {
  const built = { type: 'deploy', version_id: null, bundle_size: { gzip_bytes: 300000 } }
  writeFileSync(args.at(-1) + '/worker.js', 'export class Gate {}; export default { fetch() {} }')
  appendFileSync(process.env.WRANGLER_OUTPUT_FILE_PATH, JSON.stringify(built) + String.fromCharCode(10))
} else {
  process.argv[1] = ${JSON.stringify(resolve('node_modules/wrangler/wrangler-dist/cli.js'))}
  require('node:module').runMain()
}
`

/**
 * Makes a checkout of everything that is deployed. Sources are linked, since nothing writes to them.
 * @param built whether the trial build before each deployment is skipped, and counts as successful
 */
export function checkout(account: Account, { built = false } = {}): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-deploy-test-'))
  const at = (name: string) => join(folder, name)
  for (const name of ['node_modules/wrangler/bin', 'home']) mkdirSync(at(name), { recursive: true })
  for (const name of [
    'src',
    'migrations',
    'package.json',
    'tsconfig.json',
    'node_modules/redoc',
    'node_modules/swagger-ui-dist',
  ]) {
    symlinkSync(resolve(name), at(name))
  }
  cpSync('public', at('public'), { recursive: true, filter: (path) => !path.includes('vendor') })
  writeFileSync(at('wrangler.toml'), pristine())
  writeFileSync(at('node_modules/wrangler/bin/wrangler.js'), recorder)
  const leaveOutTrials = () => writeFileSync(at('node_modules/wrangler/bin/built'), '')
  if (built) leaveOutTrials()

  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: at('home'),
    XDG_CONFIG_HOME: at('home'),
    // wrangler's code is large, and each deployment loads it about ten times.
    NODE_COMPILE_CACHE: join(tmpdir(), 'vizitka-compile-cache'),
    CLOUDFLARE_API_BASE_URL: `${account.url}/client/v4`,
  }
  const alone: Checkout['alone'] = async (args = [], env = {}) => {
    const log = at('node_modules/wrangler/bin/commands')
    rmSync(log, { force: true })
    const child = spawn(process.execPath, [resolve('scripts/deploy.ts'), ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, ...env },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    const [code] = await once(child, 'close')
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
    // As they are shown, without the names of temporary files.
    const displayed = (line: string) =>
      ['npx', 'wrangler', ...JSON.parse(line)]
        .join(' ')
        .replace(/(--outdir|deploy) \/[^ ]*\/vizitka-\w+/, '$1 {folder}')
        .replace(/--secrets-file \S+/, '--secrets-file {file}')
    return { code, output, commands: lines.map(displayed) }
  }
  return {
    folder,
    environment,
    has: (file) => existsSync(at(file)),
    read: (file) => readFileSync(at(file), 'utf8'),
    write: (file, text) => {
      mkdirSync(join(at(file), '..'), { recursive: true })
      writeFileSync(at(file), text)
    },
    alone,
    deploy: (args = [], env = {}) => {
      const healthUrl = `${account.url}/health/${args.includes('staging') ? 'vizitka-staging' : 'vizitka'}`
      return alone(['--health-url', healthUrl, '--wait', '3', ...args], { CLOUDFLARE_API_TOKEN: token, ...env })
    },
    leaveOutTrials,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Whether a run succeeded, with its output if not. */
export const outcome = ({ code, output }: Run): string => (code === 0 ? 'well' : output)

/** The resources of an account, by name. */
export const names = ({ databases, namespaces, scripts }: Account) => ({
  databases: [...databases.values()].map(({ name }) => name),
  namespaces: [...namespaces.values()],
  workers: [...scripts.keys()],
})

/**
 * Creates the resources that a deployment would create first, for tests of later steps: an empty database and a cache.
 */
export function giveResources({ databases, namespaces }: Account): void {
  databases.set(randomUUID(), { name: 'vizitka', sqlite: new DatabaseSync(':memory:') })
  namespaces.set('c'.repeat(32), 'vizitka-cache')
}

/** Creates a Worker of ours with secrets. */
export function giveWorker({ scripts }: Account, secrets: Readonly<Record<string, string>>): void {
  const bindings = Object.entries(secrets).map(([name, text]) => [name, { type: 'secret_text', name, text }] as const)
  const live = { id: 'x', metadata: { bindings: [] }, modules: new Map(), bindings: new Map(bindings) }
  scripts.set('vizitka', { name: 'vizitka', tag: 'x', versions: [], live, crons: [], workersDev: true })
}

export const databaseId = ({ databases }: Account, name = 'vizitka'): string | undefined =>
  [...databases].find(([, one]) => one.name === name)?.[0]

/** The live version of a Worker. */
export function live({ scripts }: Account, name = 'vizitka') {
  const version = scripts.get(name)?.live
  if (!version) throw new Error(`The account has no Worker ${name} that answers.`)
  return { ...version, text: (binding: string) => version.bindings.get(binding)?.text }
}

/** The lines of a checkout's wrangler.toml that differ from the repository's. */
export function written(here: Checkout): string[] {
  const before = new Set(pristine().split('\n'))
  return here
    .read('wrangler.toml')
    .split('\n')
    .filter((line) => !before.has(line))
}

/** Sets production variables in an unchanged checkout. */
export function setVars(here: Checkout, lines: string): void {
  here.write('wrangler.toml', pristine().replace('[env.production.vars]', `[env.production.vars]\n${lines}`))
}
