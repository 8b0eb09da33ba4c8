import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_readConfig } from 'wrangler'
import { wrangler } from '../deploy/wrangler.ts'
import { vars as defaultVars, type Person, populate } from './population.ts'

/** A Worker as wrangler would upload it, and its source map, as JSON. */
export interface Bundle {
  readonly code: string
  readonly map: string
}

/** Builds a Worker as it is deployed, from its entry; by default the service. */
export async function build(entry = 'src/worker.ts'): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-build-'))
  try {
    // As wrangler.toml says, without the bindings, which a bundle does not contain.
    const { compatibility_date, minify, keep_names, alias } = unstable_readConfig(
      { config: 'wrangler.toml' },
      { hideWarnings: true },
    )
    const config = join(folder, 'wrangler.json')
    const settings = {
      ...{ name: 'bench', main: resolve(entry), compatibility_date, minify, keep_names },
      alias: Object.fromEntries(Object.entries(alias ?? {}).map(([name, path]) => [name, resolve(String(path))])),
    }
    await writeFile(config, JSON.stringify(settings))
    const tsconfig = resolve('tsconfig.json')
    await wrangler(['deploy', '--dry-run', '--config', config, '--outdir', folder, '--tsconfig', tsconfig])
    const [file] = (await readdir(folder)).filter((name) => name.endsWith('.js'))
    if (!file) throw new Error(`wrangler built nothing of ${entry}.`)
    const [code = '', map = ''] = await Promise.all(
      [file, `${file}.map`].map((name) => readFile(join(folder, name), 'utf8')),
    )
    return { code, map }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The data of a local runtime, and what it runs. */
export interface RuntimeOptions {
  /** Kept between starts: the database, KV and the Durable Objects. */
  readonly folder: string
  /** Each Worker, by its name. They share one database and one KV; each has Durable Objects of its own. */
  readonly workers: Readonly<Record<string, Bundle>>
  readonly vars: Readonly<Record<string, string>>
  /** Opens the inspector of the runtime, for profiles. */
  readonly withInspector?: boolean
  /** Drops what the Workers log. */
  readonly isSilent?: boolean
}

/** A running runtime. */
export interface Runtime {
  /** The URL of each Worker: a socket of its own, with no proxy before it. */
  readonly urls: Readonly<Record<string, string>>
  /** Of the inspector, if there is one. */
  inspectorUrl(): Promise<URL>
  close(): Promise<void>
}

/** Starts Workers in one local runtime, as wrangler bundled them, without `wrangler dev` and its proxy. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { folder, workers, vars, withInspector, isSilent } = options
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
      ...(withInspector ? { inspectorPort: 0 } : {}),
      workers: names.map((name) => ({
        name,
        modules: [
          {
            type: 'ESModule' as const,
            path: `${name}.mjs`,
            contents: (isSilent ? 'console.log = () => {}\n' : '') + (workers[name]?.code ?? ''),
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
  return {
    urls: Object.fromEntries(urls),
    inspectorUrl: () => runtime.getInspectorURL(),
    close: () => runtime.dispose(),
  }
}

/**
 * Runs something with a silent runtime whose database has a person for each size of a book; then all of it is deleted.
 */
export async function withRuntime<Result>(
  { books, ...options }: { books: readonly number[] } & Pick<RuntimeOptions, 'workers' | 'withInspector'>,
  use: (runtime: Runtime, people: readonly Person[]) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-bench-'))
  try {
    const sqlite = await createDatabase(folder)
    const people = await populate(sqlite, books)
    sqlite.close()
    const runtime = await startRuntime({ ...options, folder, vars: defaultVars, isSilent: true })
    return await use(runtime, people).finally(() => runtime.close())
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const databaseId = 'bench'

/** Creates the runtime's database with its tables, and opens its file. Only while nothing runs. */
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
