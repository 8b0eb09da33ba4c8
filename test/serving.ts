import { env } from 'cloudflare:workers'
import { app } from '../src/app.ts'
import type { Bindings } from '../src/platform/bindings.ts'

/** The calls that a request made. */
export interface Trips {
  gate: string[]
  kvReads: string[]
  kvWrites: string[]
  database: number
  /** The calls in progress when each call began, to check that two ran in parallel. */
  overlaps: string[]
}

/** Bindings that count calls. D1 only; the driver's test counts round trips of libSQL. */
export function counted(bindings: Bindings = env): { bindings: Bindings; trips: Trips; reset(): void } {
  const trips: Trips = { gate: [], kvReads: [], kvWrites: [], database: 0, overlaps: [] }
  const underWay = new Set<string>()
  const during = async <T>(what: string, go: () => Promise<T>): Promise<T> => {
    for (const other of underWay) trips.overlaps.push(`${other}+${what}`)
    underWay.add(what)
    try {
      return await go()
    } finally {
      underWay.delete(what)
    }
  }
  const observed = <T extends object>(
    target: T,
    on: (name: string, args: unknown[], go: () => unknown) => unknown,
  ): T =>
    new Proxy(target, {
      get(inner, name) {
        const method: unknown = Reflect.get(inner, name)
        if (typeof method !== 'function' || typeof name !== 'string') return method
        return (...args: unknown[]) => on(name, args, () => Reflect.apply(method, inner, args))
      },
    })
  const GATE = observed(bindings.GATE, (name, _, go) => {
    const made = go()
    if (name !== 'get' || typeof made !== 'object' || made === null) return made
    return observed(made, (method, __, ask) => {
      trips.gate.push(method)
      return during('gate', async () => ask())
    })
  })
  const CACHE = observed(bindings.CACHE, (name, args, go) => {
    if (name === 'get') trips.kvReads.push(String(args[0]))
    if (name === 'put') trips.kvWrites.push(String(args[0]))
    return during('kv', async () => go())
  })
  const statements = new WeakMap<object, D1PreparedStatement>()
  const statement = (real: D1PreparedStatement): D1PreparedStatement => {
    const proxy = observed(real, (name, args, go) => {
      if (name === 'bind') return statement(real.bind(...args))
      trips.database += 1
      return during('database', async () => go())
    })
    statements.set(proxy, real)
    return proxy
  }
  const DB = new Proxy(bindings.DB, {
    get(inner, name) {
      if (name === 'prepare') return (sql: string) => statement(inner.prepare(sql))
      if (name === 'batch') {
        return (list: D1PreparedStatement[]) => {
          trips.database += 1
          return during('database', () => inner.batch(list.map((one) => statements.get(one) ?? one)))
        }
      }
      const method: unknown = Reflect.get(inner, name)
      return typeof method === 'function' ? method.bind(inner) : method
    },
  })
  const reset = (): void => {
    Object.assign(trips, { gate: [], kvReads: [], kvWrites: [], database: 0, overlaps: [] })
  }
  return { bindings: { ...bindings, GATE, CACHE, DB }, trips, reset }
}

/** Serves one request with these bindings, and waits for the work after the response. */
export async function serve(
  bindings: object,
  path: string,
  init: { method?: string; token?: string; json?: unknown; body?: BodyInit; headers?: Record<string, string> } = {},
): Promise<Response> {
  const waits: Promise<unknown>[] = []
  const executionCtx = {
    waitUntil: (work: Promise<unknown>) => waits.push(work),
    passThroughOnException() {},
    props: {},
  }
  const headers = new Headers(init.headers)
  if (init.token) headers.set('Authorization', `Bearer ${init.token}`)
  const request: RequestInit = { method: init.method ?? 'GET', headers }
  if (init.body !== undefined) request.body = init.body
  if (init.json !== undefined) {
    headers.set('Content-Type', 'application/json')
    request.body = JSON.stringify(init.json)
  }
  const response = await app.fetch(
    new Request(`https://vizitka.test${path}`, request),
    { ...env, ...bindings },
    executionCtx,
  )
  await Promise.all(waits)
  return response
}
