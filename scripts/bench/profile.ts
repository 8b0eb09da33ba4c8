import { mkdtemp, rm } from 'node:fs/promises'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drive } from './load.ts'
import { populate, vars } from './population.ts'
import { measured, targetsOf } from './requests.ts'
import { build, createDatabase, startRuntime } from './runtime.ts'

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

/** Where the service's own time goes, by the package that the code is of: of what is read most, changed, and listed. */
export async function profile(quick: boolean): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-profile-'))
  try {
    const sqlite = await createDatabase(folder)
    const everyone = await populate(sqlite, connections, quick ? 100 : 1000)
    sqlite.close()
    const service = await build()
    const origins = originsIn(service.map ?? '')
    const inspectorPort = await freePort()
    const runtime = await startRuntime({ folder, workers: { service }, vars, inspectorPort, silent: true })
    try {
      const columns = new Map<string, Map<string, number>>()
      for (const one of measured.filter(({ plan }) => ['me', 'contact', 'list', 'create'].includes(plan))) {
        const { service: target } = targetsOf(one, runtime.urls.service ?? '', '')
        if (!target) continue
        await drive(target, everyone, quick ? 1 : 4)
        let count = 0
        const taken = await profiled(inspectorPort, 'service', async () => {
          count = (await drive(target, everyone, quick ? 1 : 5)).count
        })
        columns.set(one.name, selfByOrigin(taken, origins, count))
      }
      return table(columns)
    } finally {
      await runtime.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A line for each origin, a column for each request, in microseconds a request, what costs most first. */
function table(columns: ReadonlyMap<string, ReadonlyMap<string, number>>): string {
  const all = [...columns.values()]
  const origins = [...new Set(all.flatMap((column) => [...column.keys()]))]
  const sum = (origin: string) => all.reduce((total, column) => total + (column.get(origin) ?? 0), 0)
  const lines = origins.toSorted((one, other) => sum(other) - sum(one)).filter((origin) => sum(origin) >= 8)
  return [
    `| Microseconds of a request, itself | ${[...columns.keys()].join(' | ')} |`,
    `|---|${'---|'.repeat(columns.size)}`,
    ...lines.map(
      (origin) => `| ${origin} | ${all.map((column) => (column.get(origin) ?? 0).toFixed(0)).join(' | ')} |`,
    ),
  ].join('\n')
}

/** Time in functions themselves, by the package or the room that they are of. Waiting is left out. */
function selfByOrigin(taken: CpuProfile, origins: (node: ProfileNode) => string, count: number): Map<string, number> {
  const byId = new Map(taken.nodes.map((node) => [node.id, node]))
  const spent = new Map<string, number>()
  for (const [at, id] of taken.samples.entries()) {
    const node = byId.get(id)
    if (!node || node.callFrame.functionName === '(idle)') continue
    const origin = origins(node)
    spent.set(origin, (spent.get(origin) ?? 0) + (taken.timeDeltas[at] ?? 0) / count)
  }
  return spent
}

/** Tells the origin of a profile's node: `drizzle-orm`, `src/contacts`, or what of the runtime it is. */
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
async function profiled(inspectorPort: number, worker: string, run: () => Promise<void>): Promise<CpuProfile> {
  const answer = await fetch(`http://127.0.0.1:${inspectorPort}/json`)
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
  const ask = (method: string, params = {}) =>
    new Promise<unknown>((done) => {
      waiting.set(++last, done)
      socket.send(JSON.stringify({ id: last, method, params }))
    })
  await ask('Profiler.enable')
  await ask('Profiler.setSamplingInterval', { interval: samplingMicroseconds })
  await ask('Profiler.start')
  await run()
  const { profile: taken } = (await ask('Profiler.stop')) as { profile: CpuProfile }
  socket.close()
  return taken
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done))
  const address = probe.address()
  await new Promise((done) => probe.close(done))
  return typeof address === 'object' && address ? address.port : 0
}
