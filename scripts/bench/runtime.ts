import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_readConfig } from 'wrangler'
import { inFolder } from '../command.ts'
import { wrangler } from '../deploy/wrangler.ts'
import { localId } from '../local-d1.ts'
import { migrate } from '../migrate.ts'
import { type Person, populate, vars } from './population.ts'
import { childrenOf } from './processes.ts'

/** The Worker as wrangler would upload it, and its source map, as JSON. */
export interface Bundle {
  readonly code: string
  readonly map: string
}

/** Builds the Worker as it is deployed. */
export const build = (): Promise<Bundle> =>
  inFolder(async (folder) => {
    await wrangler(['deploy', '--dry-run', '--outdir', folder])
    const text = (name: string) => readFile(join(folder, name), 'utf8')
    return { code: await text('worker.js'), map: await text('worker.js.map') }
  })

/** How the service is run. */
export interface ServiceOptions {
  readonly bundle: Bundle
  /** Variables besides those of {@link vars}. */
  readonly settings?: Readonly<Record<string, string>>
  /** Opens the inspector of the runtime, for profiles. */
  readonly withInspector?: boolean
}

/** The running service. */
export type Service = Awaited<ReturnType<typeof startService>>

/** The data of a local runtime that is to run the service, again and again. */
export interface Place {
  readonly people: readonly Person[]
  start(options: ServiceOptions): Promise<Service>
  /** Opens the database by its file. Only while nothing runs. */
  openDatabase(): Promise<DatabaseSync>
}

/** Lends a place whose database has a signed-in person for each size of a book; then all of it is deleted. */
export const withPlace = <Result>(books: readonly number[], use: (place: Place) => Promise<Result>): Promise<Result> =>
  inFolder(async (folder) => {
    const sqlite = await createDatabase(folder)
    const people = await populate(sqlite, books)
    sqlite.close()
    return use({
      people,
      start: (options) => startService(folder, options),
      openDatabase: () => openDatabase(folder),
    })
  })

/** Runs something with the service on a place of its own. */
export const withService = <Result>(
  { books, ...options }: { books: readonly number[] } & ServiceOptions,
  use: (service: Service, people: readonly Person[]) => Promise<Result>,
): Promise<Result> =>
  withPlace(books, async ({ people, start }) => {
    const service = await start(options)
    return use(service, people).finally(() => service.close())
  })

/** Starts the service in a local runtime, as wrangler bundled it, without `wrangler dev` and its proxy. */
async function startService(folder: string, { bundle, settings, withInspector }: ServiceOptions) {
  const { compatibility_date: compatibilityDate = '' } = unstable_readConfig(
    { config: 'wrangler.toml' },
    { hideWarnings: true },
  )
  const before = childrenOf(process.pid)
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      // Warnings and worse. A line of log for each request would be a benchmark of this process.
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: ({ level, message }) => {
        if (level === 'error' || level === 'warn') process.stderr.write(`${message}\n`)
      },
      resourcePersistencePath: join(folder, 'v3'),
      ...(withInspector ? { inspectorPort: 0 } : {}),
      name: 'service',
      modules: [{ type: 'ESModule', path: 'service.mjs', contents: `console.log = () => {}\n${bundle.code}` }],
      compatibilityDate,
      compatibilityFlags: ['nodejs_compat'],
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      bindings: { ...vars, ...settings },
      d1Databases: { DB: localId() },
      kvNamespaces: { CACHE: 'cache' },
      versionMetadata: 'VERSION',
      durableObjects: { GATE: { className: 'Gate', useSQLite: true } },
    }),
  )
  await runtime.ready
  const [pid] = childrenOf(process.pid).filter((child) => !before.includes(child))
  if (pid === undefined) throw new Error('There is no runtime.')
  return {
    url: (await runtime.unsafeGetDirectURL('service')).origin,
    pid,
    inspectorUrl: () => runtime.getInspectorURL(),
    close: () => runtime.dispose(),
  }
}

/** Creates the runtime's database with its tables, and opens its file. Only while nothing runs. */
export async function createDatabase(folder: string): Promise<DatabaseSync> {
  await migrate({ persistTo: folder })
  return openDatabase(folder)
}

async function openDatabase(folder: string): Promise<DatabaseSync> {
  const objects = join(folder, 'v3/d1/miniflare-D1DatabaseObject')
  const [file] = (await readdir(objects)).filter((name) => name.endsWith('.sqlite') && !name.startsWith('metadata'))
  if (!file) throw new Error(`There is no database in ${folder}.`)
  return new DatabaseSync(join(objects, file))
}
