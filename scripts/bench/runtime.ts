import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_readConfig } from 'wrangler'

/** A Worker as wrangler would upload it. */
export interface Bundle {
  readonly code: string
  /** wrangler's own figure of the upload. */
  readonly gzippedKiB: number
  /** Its source map, as JSON. */
  readonly map?: string
}

/** Builds a Worker as it is deployed, from its entry; by default the service. */
export async function build(entry = 'src/worker.ts'): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-build-'))
  try {
    const config = join(folder, 'wrangler.json')
    // As wrangler.toml says, but for what a bundle does not hold.
    const { compatibility_date, minify, keep_names } = unstable_readConfig(
      { config: 'wrangler.toml' },
      { hideWarnings: true },
    )
    await writeFile(
      config,
      JSON.stringify({ name: 'bench', main: resolve(entry), compatibility_date, minify, keep_names }),
    )
    const output = await wrangler(
      'deploy',
      '--dry-run',
      '--config',
      config,
      '--outdir',
      folder,
      '--tsconfig',
      resolve('tsconfig.json'),
    )
    const gzippedKiB = Number(output.match(/gzip: ([\d.]+) KiB/)?.[1])
    const [file] = (await readdir(folder)).filter((name) => name.endsWith('.js'))
    if (!file || Number.isNaN(gzippedKiB)) throw new Error(`wrangler built nothing:\n${output}`)
    const [code, map] = await Promise.all([file, `${file}.map`].map((name) => readFile(join(folder, name), 'utf8')))
    return { code: code ?? '', map: map ?? '', gzippedKiB }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs the project's wrangler, and returns what it said. @throws Error with its words when it fails */
export async function wrangler(...args: string[]): Promise<string> {
  const process_ = spawn(process.execPath, ['node_modules/wrangler/bin/wrangler.js', ...args], {
    env: { ...process.env, CI: 'true', WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false' },
  })
  let output = ''
  for (const stream of [process_.stdout, process_.stderr]) stream.on('data', (chunk) => (output += chunk))
  const [code] = await once(process_, 'close')
  if (code !== 0) throw new Error(`wrangler ${args.join(' ')} failed:\n${output}`)
  return output
}

/** Where a local runtime keeps its things, and what it runs. */
export interface RuntimeOptions {
  /** Kept between starts: the database, KV and the Durable Objects. */
  readonly folder: string
  /** Each Worker, by its name. They share one database and one KV; each has Durable Objects of its own. */
  readonly workers: Readonly<Record<string, Bundle>>
  readonly vars: Readonly<Record<string, string>>
  /** Opens the inspector of the runtime, for profiles. */
  readonly inspectorPort?: number
  /** Leaves out what the Workers log. */
  readonly silent?: boolean
}

/** A running runtime. */
export interface Runtime {
  /** Where each Worker answers: a socket of its own, with no proxy before it. */
  readonly urls: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Starts Workers in one local runtime, as wrangler bundled them, without `wrangler dev` and its proxy. */
export async function startRuntime({ folder, workers, vars, inspectorPort, silent }: RuntimeOptions): Promise<Runtime> {
  const { compatibility_date: compatibilityDate = '' } = unstable_readConfig(
    { config: 'wrangler.toml' },
    { hideWarnings: true },
  )
  const names = Object.keys(workers)
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      // Warnings and worse: a line of log for each request would be a benchmark of this process.
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: ({ level, message }) => {
        if (level === 'error' || level === 'warn') process.stderr.write(`${message}\n`)
      },
      resourcePersistencePath: folder,
      ...(inspectorPort === undefined ? {} : { inspectorPort }),
      workers: names.map((name) => ({
        name,
        modules: [
          {
            type: 'ESModule' as const,
            path: `${name}.mjs`,
            contents: (silent ? 'console.log = () => {}\n' : '') + (workers[name]?.code ?? ''),
          },
        ],
        compatibilityDate,
        compatibilityFlags: ['nodejs_compat'],
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        bindings: vars,
        d1Databases: { DB: databaseId },
        kvNamespaces: { CACHE: 'cache' },
        versionMetadata: 'VERSION',
        durableObjects: { GATE: { className: 'Gate', useSQLite: true } },
      })),
    }),
  )
  await runtime.ready
  const urls = await Promise.all(
    names.map(async (name) => [name, (await runtime.unsafeGetDirectURL(name)).origin] as const),
  )
  return { urls: Object.fromEntries(urls), close: () => runtime.dispose() }
}

const databaseId = 'bench'

/** Makes the runtime's database with its tables, and opens its file, to be filled while nothing runs. */
export async function createDatabase(folder: string): Promise<DatabaseSync> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: 'export default {}',
      resourcePersistencePath: folder,
      d1Databases: { DB: databaseId },
    }),
  )
  const database = await runtime.getD1Database('DB')
  await database.prepare('SELECT 1').all()
  await runtime.dispose()
  const sqlite = await openDatabase(folder)
  const files = (await readdir('migrations')).filter((name) => name.endsWith('.sql')).toSorted()
  for (const file of files) sqlite.exec(await readFile(join('migrations', file), 'utf8'))
  return sqlite
}

/** Opens the runtime's database by its file. Only while nothing runs. */
export async function openDatabase(folder: string): Promise<DatabaseSync> {
  const objects = join(folder, 'd1', 'miniflare-D1DatabaseObject')
  const [file] = (await readdir(objects)).filter((name) => name.endsWith('.sqlite') && !name.startsWith('metadata'))
  if (!file) throw new Error(`There is no database in ${folder}.`)
  return new DatabaseSync(join(objects, file))
}
