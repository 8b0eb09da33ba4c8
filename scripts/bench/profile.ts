import type { Profiler } from 'node:inspector'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { table } from './figures.ts'
import { drive } from './load.ts'
import { measured } from './requests.ts'
import { build, withService } from './runtime.ts'

/** A V8 CPU profile, as the inspector's protocol tells it. */
type CpuProfile = Profiler.Profile
type ProfileNode = Profiler.ProfileNode

const profiledRequests = ['me', 'contact by id', 'list of 20', 'create']
const samplingMicroseconds = 200
const connections = 32

/** Measures where the service's own time goes, by the package that the code is of. */
export async function profile(isQuick: boolean): Promise<string> {
  const bundle = await build()
  const originOf = originsIn(bundle.map)
  const books = Array.from({ length: connections }, () => (isQuick ? 100 : 1000))
  return withService({ bundle, books, withInspector: true }, async (service, people) => {
    const columns = new Map<string, Map<string, number>>()
    for (const request of measured.filter(({ name }) => profiledRequests.includes(name))) {
      await drive(service, request, people, isQuick ? 1 : 4)
      let count = 0
      const taken = await profiled(await service.inspectorUrl(), async () => {
        count = (await drive(service, request, people, isQuick ? 1 : 5)).count
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
  for (const [at, id] of (taken.samples ?? []).entries()) {
    const node = byId.get(id)
    if (!node || node.callFrame.functionName === '(idle)') continue
    const origin = originOf(node)
    spent.set(origin, (spent.get(origin) ?? 0) + (taken.timeDeltas?.[at] ?? 0) / count)
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

/** Takes a CPU profile of the service while something runs (Chrome DevTools Protocol, domain Profiler). */
async function profiled(inspector: URL, run: () => Promise<void>): Promise<CpuProfile> {
  const answer = await fetch(`http://${inspector.host}/json`)
  const targets = (await answer.json()) as readonly { id: string; webSocketDebuggerUrl: string }[]
  const target = targets.find(({ id }) => id.endsWith('service'))
  if (!target) throw new Error('There is no Worker to inspect.')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((done, failed) => Object.assign(socket, { onopen: done, onerror: failed }))
  let last = 0
  const call = (method: string, params = {}) =>
    new Promise<unknown>((done) => {
      const id = ++last
      socket.addEventListener('message', (event) => {
        const answer = JSON.parse(String(event.data)) as { id?: number; result?: unknown }
        if (answer.id === id) done(answer.result)
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
  await call('Profiler.enable')
  await call('Profiler.setSamplingInterval', { interval: samplingMicroseconds })
  await call('Profiler.start')
  await run()
  const { profile: taken } = (await call('Profiler.stop')) as { profile: CpuProfile }
  socket.close()
  return taken
}
