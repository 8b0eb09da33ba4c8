import { SourceMap, type SourceMapPayload } from 'node:module'
import { table } from './figures.ts'
import { drive } from './load.ts'
import { measured, serviceTarget } from './requests.ts'
import { build, withRuntime } from './runtime.ts'

/** A node of a V8 CPU profile, as the inspector's protocol tells it. Lines and columns count from 0. */
interface ProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
    readonly columnNumber: number
  }
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

const samplingMicroseconds = 200
const connections = 32

/** Measures where the service's own time goes, by the package that the code is of. */
export async function profile(isQuick: boolean): Promise<string> {
  const service = await build()
  const originOf = originsIn(service.map)
  const books = Array.from({ length: connections }, () => (isQuick ? 100 : 1000))
  return withRuntime({ workers: { service }, books, withInspector: true }, async (runtime, people) => {
    const columns = new Map<string, Map<string, number>>()
    for (const request of measured.filter(({ recording }) => ['me', 'contact', 'list', 'create'].includes(recording))) {
      const target = serviceTarget(runtime.urls.service ?? '', request)
      await drive(target, people, isQuick ? 1 : 4)
      let count = 0
      const taken = await profiled(await runtime.inspectorUrl(), 'service', async () => {
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
  const origins = [...new Set(all.flatMap((column) => [...column.keys()]))]
  const sum = (origin: string) => all.reduce((total, column) => total + (column.get(origin) ?? 0), 0)
  const rows = origins.toSorted((one, other) => sum(other) - sum(one)).filter((origin) => sum(origin) >= 8)
  return table(
    ['Microseconds of a request, itself', ...columns.keys()],
    rows.map((origin) => [origin, ...all.map((column) => (column.get(origin) ?? 0).toFixed(0))]),
  )
}

/** Sums the time in functions themselves by the package or folder of their code. Waiting is left out. */
function selfTimeByOrigin(
  taken: CpuProfile,
  originOf: (node: ProfileNode) => string,
  count: number,
): Map<string, number> {
  const byId = new Map(taken.nodes.map((node) => [node.id, node]))
  const spent = new Map<string, number>()
  for (const [at, id] of taken.samples.entries()) {
    const node = byId.get(id)
    if (!node || node.callFrame.functionName === '(idle)') continue
    const origin = originOf(node)
    spent.set(origin, (spent.get(origin) ?? 0) + (taken.timeDeltas[at] ?? 0) / count)
  }
  return spent
}

/** Finds the origin of a profile's node: `drizzle-orm`, `src/contacts`, or a part of the runtime. */
function originsIn(map: string): (node: ProfileNode) => string {
  const source = new SourceMap(JSON.parse(map) as SourceMapPayload)
  return ({ callFrame: { functionName, url, lineNumber, columnNumber } }) => {
    if (functionName === '(garbage collector)') return 'collecting garbage'
    if (functionName === '(program)' || url === '') return 'the runtime, native'
    if (!url.includes('service')) return 'the runtime, its D1 and KV clients'
    // The first line was put before the bundle, to silence its log.
    const entry = source.findEntry(lineNumber - 1, columnNumber)
    const file = 'originalSource' in entry ? entry.originalSource : ''
    const dependency = file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]
    // drizzle-orm's own source maps lead out of its folder.
    if (dependency === 'src') return 'drizzle-orm'
    return dependency ?? file.match(/src\/.*(?=\/)|src\/[^/]+$/)?.[0] ?? 'the bundle’s own'
  }
}

/** Takes a CPU profile of one Worker of a runtime while something runs (Chrome DevTools Protocol, domain Profiler). */
async function profiled(inspector: URL, worker: string, run: () => Promise<void>): Promise<CpuProfile> {
  const answer = await fetch(new URL('/json', inspector))
  const targets = (await answer.json()) as readonly { id: string; webSocketDebuggerUrl: string }[]
  const target = targets.find(({ id }) => id === `core:user:${worker}` || id === worker)
  if (!target) throw new Error(`There is no ${worker} to inspect: ${targets.map(({ id }) => id).join(', ')}.`)
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((done, failed) => {
    socket.addEventListener('open', done)
    socket.addEventListener('error', failed)
  })
  let last = 0
  const waiting = new Map<number, (result: unknown) => void>()
  socket.addEventListener('message', (event) => {
    const { id, result } = JSON.parse(String(event.data)) as { id?: number; result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  const call = (method: string, params = {}) =>
    new Promise<unknown>((done) => {
      waiting.set(++last, done)
      socket.send(JSON.stringify({ id: last, method, params }))
    })
  await call('Profiler.enable')
  await call('Profiler.setSamplingInterval', { interval: samplingMicroseconds })
  await call('Profiler.start')
  await run()
  const { profile: taken } = (await call('Profiler.stop')) as { profile: CpuProfile }
  socket.close()
  return taken
}
