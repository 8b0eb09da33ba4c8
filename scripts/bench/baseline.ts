/**
 * The Worker that the service is compared with: a bare Hono route that replays the calls to gate and database that the
 * service made for a request. Only benchmarks run it.
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

/** The calls of a request, and the column with the revision in the first rows of a query (-1: none). */
interface Recording {
  readonly calls: Call[]
  revisionColumn: number
}

const recordings = new Map<string, Recording>()
/** The present generation of each session: each refresh creates the one that the next refresh needs. */
const generations = new Map<number, number>()

const app = new Hono<{ Bindings: Bindings }>()

/** Replays the calls of a recording in order, and answers with the last result of the database. */
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

/** Sends a request to the service, and records its calls until the response. */
app.post('/record/:name', async (c) => {
  const { path, ...init } = await c.req.json<{ path: string; method: string; headers: Record<string, string> }>()
  const recording: Recording = { calls: [], revisionColumn: -1 }
  const env = { ...c.env, DB: recordedDatabase(c.env.DB, recording), GATE: recordedGates(c.env.GATE, recording) }
  const answer = await service.fetch(new Request(`http://bench${path}`, init), env, c.executionCtx)
  // A copy, without calls that the service makes after its response.
  recordings.set(c.req.param('name'), { ...recording, calls: [...recording.calls] })
  return c.json({ status: answer.status, body: await answer.text() })
})

app.post('/sql', async (c) => c.json((await c.env.DB.prepare(await c.req.text()).all()).results))

export default app

/** Replaces the recording's user, contact and session by those of a request. */
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

/** Wraps an object; `intercept` can replace a property, and returns undefined for all others. */
const intercepted = <T extends object>(real: T, intercept: (name: string | symbol) => unknown): T =>
  new Proxy(real, {
    get(inner, name) {
      const own: unknown = Reflect.get(inner, name)
      return intercept(name) ?? (typeof own === 'function' ? own.bind(inner) : own)
    },
  })

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
  const batch = (list: D1PreparedStatement[]) => {
    const all = list.flatMap((proxy) => originals.get(proxy) ?? [])
    recording.calls.push({ to: 'database', statements: all.map(({ statement }) => statement), isBatch: true })
    return database.batch(all.map(({ prepared }) => prepared))
  }
  return intercepted(database, (name) => {
    if (name === 'batch') return batch
    return name === 'prepare' ? (sql: string) => wrap(database.prepare(sql), { sql, values: [] }) : undefined
  })
}

const recordedGates = (gates: DurableObjectNamespace, recording: Recording): DurableObjectNamespace =>
  intercepted(gates, (name) => {
    if (name !== 'get') return undefined
    return (id: DurableObjectId) => {
      const gate = gates.get(id)
      return intercepted(gate, (method) => {
        const call: unknown = Reflect.get(gate, method)
        if (typeof call !== 'function') return undefined
        return (...args: unknown[]) => {
          // An id that was made from a name has the name.
          recording.calls.push({ to: 'gate', name: id.name ?? '', method: String(method), args })
          return Reflect.apply(call, gate, args)
        }
      })
    }
  })
