import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_readConfig } from 'wrangler'
import { inFolder } from '../command.ts'
import { wrangler } from '../deploy/wrangler.ts'
import { localDataIn, localId, openD1 } from '../local-d1.ts'
import { migrationTags } from '../migrate.ts'
import { vars as defaultVars, type Person, populate } from './population.ts'

/** A Worker as wrangler would upload it, and its source map, as JSON. */
export interface Bundle {
  readonly code: string
  readonly map: string
}

/** Builds a Worker as it is deployed, from its entry file. */
export const build = (entry = 'src/worker.ts'): Promise<Bundle> =>
  inFolder(async (folder) => {
    await wrangler(['deploy', entry, '--dry-run', '--outdir', folder])
    const file = join(folder, `${basename(entry, '.ts')}.js`)
    return { code: await readFile(file, 'utf8'), map: await readFile(`${file}.map`, 'utf8') }
  })

/** The data of a local runtime, and the Workers that it runs. */
export interface RuntimeOptions {
  /** Where the database, KV and the Durable Objects are stored. */
  readonly folder: string
  /** Each Worker, by its name. They share one database and one KV; each has its own Durable Objects. */
  readonly workers: Readonly<Record<string, Bundle>>
  readonly vars: Readonly<Record<string, string>>
  /** Opens the inspector of the runtime, for profiles. */
  readonly withInspector?: boolean
  /** Drops what the Workers log. */
  readonly isSilent?: boolean
}

/** A running runtime. */
export interface Runtime {
  /** The URL of each Worker: a separate socket, without a proxy. */
  readonly urls: Readonly<Record<string, string>>
  inspectorUrl(): Promise<URL>
  close(): Promise<void>
}

/** Starts Workers in one local runtime, as wrangler bundled them, without `wrangler dev` and its proxy. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { folder, workers, vars, withInspector, isSilent } = options
  const config = unstable_readConfig({ config: 'wrangler.toml' }, { hideWarnings: true })
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      // Only warnings and errors: printing a line for each request would slow this process down.
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: ({ level, message }) => {
        if (level === 'error' || level === 'warn') process.stderr.write(`${message}\n`)
      },
      resourcePersistencePath: localDataIn(folder),
      ...(withInspector ? { inspectorPort: 0 } : {}),
      workers: Object.entries(workers).map(([name, { code }]) => ({
        name,
        modules: [
          { type: 'ESModule', path: `${name}.mjs`, contents: (isSilent ? 'console.log = () => {}\n' : '') + code },
        ],
        compatibilityDate: config.compatibility_date ?? '',
        compatibilityFlags: ['nodejs_compat'],
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        bindings: vars,
        d1Databases: { DB: localId() },
        kvNamespaces: { CACHE: 'cache' },
        versionMetadata: 'VERSION',
        durableObjects: { GATE: { className: 'Gate', useSQLite: true } },
      })),
    }),
  )
  await runtime.ready
  const urlOf = async (name: string) => [name, (await runtime.unsafeGetDirectURL(name)).origin] as const
  return {
    urls: Object.fromEntries(await Promise.all(Object.keys(workers).map(urlOf))),
    inspectorUrl: () => runtime.getInspectorURL(),
    close: () => runtime.dispose(),
  }
}

/** Runs something with a silent runtime whose database has a person for each size of a book; then deletes all of it. */
export const withRuntime = <Result>(
  { books, ...options }: { books: readonly number[] } & Pick<RuntimeOptions, 'workers' | 'withInspector'>,
  use: (runtime: Runtime, people: readonly Person[]) => Promise<Result>,
): Promise<Result> =>
  withDatabase(books, async (folder, people) => {
    const runtime = await startRuntime({ ...options, folder, vars: defaultVars, isSilent: true })
    return use(runtime, people).finally(() => runtime.close())
  })

/** Runs something with a folder whose database has a person for each size of a book; then deletes it. */
export const withDatabase = <Result>(
  books: readonly number[],
  use: (folder: string, people: readonly Person[]) => Promise<Result>,
): Promise<Result> =>
  inFolder(async (folder) => {
    const sqlite = await createDatabase(folder)
    const people = await populate(sqlite, books)
    sqlite.close()
    return use(folder, people)
  })

/** Creates the runtime's database with its tables, and opens its file. Only while no runtime uses it. */
export async function createDatabase(folder: string): Promise<DatabaseSync> {
  const { d1, close } = await openD1(folder)
  await d1.prepare('SELECT 1').run() // Creates the file.
  await close()
  const sqlite = await openDatabase(folder)
  for (const tag of migrationTags()) sqlite.exec(await readFile(`migrations/${tag}.sql`, 'utf8'))
  return sqlite
}

/** Opens the file of the runtime's database. Only while no runtime uses it. */
export async function openDatabase(folder: string): Promise<DatabaseSync> {
  const objects = join(localDataIn(folder), 'd1', 'miniflare-D1DatabaseObject')
  const [file] = (await readdir(objects)).filter((name) => name.endsWith('.sqlite') && !name.startsWith('metadata'))
  if (!file) throw new Error(`There is no database in ${folder}.`)
  return new DatabaseSync(join(objects, file))
}
