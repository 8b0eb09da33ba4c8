/**
 * The Worker that the service is compared with, in the same runtime: a bare Hono route that makes the calls to gate and
 * database that the service itself made for a request, as recorded, with nothing around them. Only benchmarks deploy
 * it.
 */
import { Hono } from 'hono'
import { app as service } from '../../src/app.ts'
import type { Gate } from '../../src/auth/login-gate.ts'
import type { Bindings } from '../../src/platform/bindings.ts'
import { marks } from './marks.ts'

export { Gate } from '../../src/auth/login-gate.ts'

interface Statement {
  readonly sql: string
  readonly values: readonly unknown[]
}

/** One call of the service to a gate or to the database. */
type Call =
  | { readonly to: 'gate'; readonly name: string; readonly method: string; readonly args: readonly unknown[] }
  | { readonly to: 'database'; readonly statements: readonly Statement[]; readonly isBatch: boolean }

/** A recorded request, and the column of its first rows that had the revision, if any had. */
interface Recording {
  readonly calls: Call[]
  revisionColumn: number
}

const recordings = new Map<string, Recording>()
/** The generation that each session has now: a refresh needs the one that the refresh before it made. */
const generations = new Map<number, number>()

const app = new Hono<{ Bindings: Bindings }>()

/** Makes the calls of a recording one after the other, and answers what the database answered last. */
app.all('/replay/:name', async (c) => {
  if (c.req.method !== 'GET') await c.req.json()
  const recording = recordings.get(c.req.param('name'))
  if (!recording) throw new Error(`There is no recording ${c.req.param('name')}.`)
  const query = c.req.query()
  const substitute = substitutionOf(query)
  const gates = c.env.GATE as DurableObjectNamespace<Gate>
  let answer: unknown = null
  let revision: unknown
  for (const call of recording.calls) {
    if (call.to === 'gate') {
      const gate = gates.get(gates.idFromName(call.name.replace(`${marks.user}`, `${query.user}`)))
      answer ??= await Reflect.apply(Reflect.get(gate, call.method) as () => unknown, gate, [...call.args])
      continue
    }
    const bind = (value: unknown) => (value === marks.revision ? (revision ?? value) : substitute(value))
    const statements = call.statements.map(({ sql, values }) => c.env.DB.prepare(sql).bind(...values.map(bind)))
    const [first] = statements
    if (call.isBatch) answer = (await c.env.DB.batch(statements)).map(({ results }) => results)
    else if (first) answer = await first.raw()
    const [row] = answer as unknown[]
    if (Array.isArray(row)) revision ??= row[recording.revisionColumn]
  }
  return c.json(answer)
})

/** Sends a request to the service, and records its calls until it answers. */
app.post('/record/:name', async (c) => {
  const { path, ...init } = await c.req.json<{ path: string; method: string; headers: Record<string, string> }>()
  const recording: Recording = { calls: [], revisionColumn: -1 }
  const env = { ...c.env, DB: recordedDatabase(c.env.DB, recording), GATE: recordedGates(c.env.GATE, recording) }
  const answer = await service.fetch(new Request(`http://bench${path}`, init), env, c.executionCtx)
  // A copy: what the service does after its answer is not recorded.
  recordings.set(c.req.param('name'), { ...recording, calls: [...recording.calls] })
  return c.json({ status: answer.status, body: await answer.text() })
})

app.post('/sql', async (c) => c.json((await c.env.DB.prepare(await c.req.text()).all()).results))

export default app

/** Puts a request's own user, contact and session in the places of those of the recording. */
function substitutionOf({ user, contact, session }: Record<string, string>): (value: unknown) => unknown {
  return (value) => {
    if (value === marks.user) return Number(user)
    if (value === marks.contact) return Number(contact)
    if (value === marks.session) return Number(session)
    if (value !== marks.generation) return value
    const generation = generations.get(Number(session)) ?? 1
    generations.set(Number(session), generation + 1)
    return generation
  }
}

/** Wraps an object: `intercept` answers for a property, or undefined for the object's own. */
function intercepted<T extends object>(real: T, intercept: (name: string | symbol) => unknown): T {
  return new Proxy(real, {
    get(inner, name) {
      const own: unknown = Reflect.get(inner, name)
      return intercept(name) ?? (typeof own === 'function' ? own.bind(inner) : own)
    },
  })
}

function recordedDatabase(database: D1Database, recording: Recording): D1Database {
  const originals = new WeakMap<object, { statement: Statement; prepared: D1PreparedStatement }>()
  const run = async (method: 'all' | 'raw' | 'run', prepared: D1PreparedStatement, statement: Statement) => {
    recording.calls.push({ to: 'database', statements: [statement], isBatch: false })
    const rows: unknown = await prepared[method as 'all']()
    const [row] = Array.isArray(rows) ? rows : []
    if (Array.isArray(row) && recording.revisionColumn === -1) recording.revisionColumn = row.indexOf(marks.revision)
    return rows
  }
  const wrap = (prepared: D1PreparedStatement, statement: Statement): D1PreparedStatement => {
    const proxy = intercepted(prepared, (name) => {
      if (name === 'bind') return (...values: unknown[]) => wrap(prepared.bind(...values), { ...statement, values })
      if (name === 'all' || name === 'raw' || name === 'run') return () => run(name, prepared, statement)
      return undefined
    })
    originals.set(proxy, { statement, prepared })
    return proxy
  }
  return intercepted(database, (name) => {
    if (name === 'prepare') return (sql: string) => wrap(database.prepare(sql), { sql, values: [] })
    if (name !== 'batch') return undefined
    return (list: D1PreparedStatement[]) => {
      const all = list.flatMap((proxy) => originals.get(proxy) ?? [])
      recording.calls.push({ to: 'database', statements: all.map(({ statement }) => statement), isBatch: true })
      return database.batch(all.map(({ prepared }) => prepared))
    }
  })
}

function recordedGates(gates: DurableObjectNamespace, recording: Recording): DurableObjectNamespace {
  return intercepted(gates, (name) => {
    if (name !== 'get') return undefined
    // An id that was made of a name carries the name.
    return (id: DurableObjectId) => {
      const gate = gates.get(id)
      return new Proxy(gate, {
        get(_, method) {
          const call: unknown = Reflect.get(gate, method)
          if (typeof call !== 'function') return call
          return (...args: unknown[]) => {
            recording.calls.push({ to: 'gate', name: id.name ?? '', method: String(method), args })
            return Reflect.apply(call, gate, args)
          }
        },
      })
    }
  })
}
