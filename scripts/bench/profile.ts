import type { Profiler } from 'node:inspector'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { table } from './figures.ts'
import { drive } from './load.ts'
import { measured, serviceTarget } from './requests.ts'
import { build, withRuntime } from './runtime.ts'

const samplingMicroseconds = 200
const connections = 32

/** Measures where the service spends its own time, by the package or folder of the code. */
export async function profile(isQuick: boolean): Promise<string> {
  const service = await build()
  const originOf = originsIn(service.map)
  const books = Array.from({ length: connections }, () => (isQuick ? 100 : 1000))
  return withRuntime({ workers: { service }, books, withInspector: true }, async (runtime, people) => {
    const columns = new Map<string, Map<string, number>>()
    for (const request of measured.filter(({ name }) =>
      ['me', 'contact by id', 'list of 20', 'create'].includes(name),
    )) {
      const target = serviceTarget(runtime.urls.service ?? '', request)
      await drive(target, people, isQuick ? 1 : 4)
      let count = 0
      const taken = await takeProfile(await runtime.inspectorUrl(), 'service', async () => {
        count = (await drive(target, people, isQuick ? 1 : 5)).count
      })
      columns.set(request.name, selfTimeByOrigin(taken, originOf, count))
    }
    return tableOf(columns)
  })
}

/** Makes a row for each origin and a column for each request, in microseconds a request, the most expensive first. */
function tableOf(columns: ReadonlyMap<string, ReadonlyMap<string, number>>): string {
  const all = [...columns.values()]
  const sum = (origin: string) => all.reduce((total, column) => total + (column.get(origin) ?? 0), 0)
  const origins = [...new Set(all.flatMap((column) => [...column.keys()]))].filter((origin) => sum(origin) >= 8)
  return table(
    ['Microseconds of a request, itself', ...columns.keys()],
    origins
      .toSorted((one, other) => sum(other) - sum(one))
      .map((origin) => [origin, ...all.map((column) => (column.get(origin) ?? 0).toFixed(0))]),
  )
}

/** Adds up the time in functions themselves, without waiting, by the origin of their code. */
function selfTimeByOrigin(
  { nodes, samples = [], timeDeltas = [] }: Profiler.Profile,
  originOf: (frame: Profiler.ProfileNode['callFrame']) => string,
  count: number,
): Map<string, number> {
  const byId = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const spent = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    const frame = byId.get(id)
    if (!frame || frame.functionName === '(idle)') continue
    const origin = originOf(frame)
    spent.set(origin, (spent.get(origin) ?? 0) + (timeDeltas[at] ?? 0) / count)
  }
  return spent
}

/** Finds the origin of a function by the source map: `drizzle-orm`, `src/contacts`, or a part of the runtime. */
function originsIn(map: string): (frame: Profiler.ProfileNode['callFrame']) => string {
  const source = new SourceMap(JSON.parse(map) as SourceMapPayload)
  return ({ functionName, url, lineNumber, columnNumber }) => {
    if (functionName === '(garbage collector)') return 'collecting garbage'
    if (functionName === '(program)' || url === '') return 'the runtime, native'
    if (!url.includes('service')) return 'the runtime, its D1 and KV clients'
    // The runtime adds a line before the bundle that silences its log.
    const entry = source.findEntry(lineNumber - 1, columnNumber)
    const file = 'originalSource' in entry ? entry.originalSource : ''
    const dependency = file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]
    // drizzle-orm's own source maps lead out of its folder.
    if (dependency === 'src') return 'drizzle-orm'
    return dependency ?? file.match(/src\/.*(?=\/)|src\/[^/]+$/)?.[0] ?? 'the bundle’s own'
  }
}

/** Takes a CPU profile of one Worker while something runs (Chrome DevTools Protocol, domain Profiler). */
async function takeProfile(inspector: URL, worker: string, run: () => Promise<void>): Promise<Profiler.Profile> {
  const answer = await fetch(new URL('/json', inspector.href.replace(/^ws/, 'http')))
  const targets = (await answer.json()) as readonly { id: string; webSocketDebuggerUrl: string }[]
  const target = targets.find(({ id }) => id === `core:user:${worker}` || id === worker)
  if (!target) throw new Error(`There is no ${worker} to inspect: ${targets.map(({ id }) => id).join(', ')}.`)
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((done, failed) => {
    socket.addEventListener('open', done)
    socket.addEventListener('error', failed)
  })
  let last = 0
  const call = (method: string, params = {}) =>
    new Promise<{ profile: Profiler.Profile }>((done) => {
      const id = ++last
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(String(data)) as { id?: number; result: { profile: Profiler.Profile } }
        if (message.id === id) done(message.result)
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
  await call('Profiler.enable')
  await call('Profiler.setSamplingInterval', { interval: samplingMicroseconds })
  await call('Profiler.start')
  await run()
  const { profile: taken } = await call('Profiler.stop')
  socket.close()
  return taken
}
