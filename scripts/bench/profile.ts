/** One entry of a V8 CPU profile, as the inspector's protocol tells it. */
interface Node {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

export interface CpuProfile {
  readonly nodes: readonly Node[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Takes a CPU profile of one Worker of a runtime while something runs. */
export async function profiled(
  inspectorPort: number,
  worker: string,
  run: () => Promise<unknown>,
): Promise<CpuProfile> {
  const targets = (await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json()) as readonly {
    id: string
    webSocketDebuggerUrl: string
  }[]
  const target = targets.find(({ id }) => id === `core:user:${worker}` || id === worker)
  if (!target) throw new Error(`There is no ${worker} to inspect: ${targets.map(({ id }) => id).join(', ')}`)
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
  await ask('Profiler.setSamplingInterval', { interval: 200 })
  await ask('Profiler.start')
  await run()
  const { profile } = (await ask('Profiler.stop')) as { profile: CpuProfile }
  socket.close()
  return profile
}

/** Where a profile's time went: milliseconds of each function itself, and of each with all that it called, the most first. */
export function spent({ nodes, samples, timeDeltas }: CpuProfile): {
  self: [string, number][]
  total: [string, number][]
} {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)))
  const nameOf = ({ callFrame }: Node) => `${callFrame.functionName || '(anonymous)'}:${callFrame.lineNumber + 1}`
  const self = new Map<string, number>()
  const total = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    const ms = (timeDeltas[at] ?? 0) / 1000
    const node = byId.get(id)
    if (!node) continue
    self.set(nameOf(node), (self.get(nameOf(node)) ?? 0) + ms)
    const seen = new Set<string>()
    for (let up: number | undefined = id; up !== undefined; up = parents.get(up)) {
      const name = nameOf(byId.get(up) ?? node)
      if (seen.has(name)) continue
      seen.add(name)
      total.set(name, (total.get(name) ?? 0) + ms)
    }
  }
  const sorted = (map: Map<string, number>) => [...map].toSorted(([, a], [, b]) => b - a)
  return { self: sorted(self), total: sorted(total) }
}
