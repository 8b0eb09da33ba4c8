/**
 * The Worker that the service is compared with, in the same runtime: a bare Hono route; one that makes one query, or
 * one insert; and one that makes the very calls that the service makes (recorded from it), with nothing around them.
 * Only benchmarks deploy it.
 */
import { Hono } from 'hono'
import { app as service } from '../../src/app.ts'
import { createRow } from '../../src/contacts/store.ts'
import type { Bindings } from '../../src/platform/bindings.ts'
import type { Gate } from '../../src/platform/gate/gate.ts'
import { marks, someone } from './marks.ts'

export { Gate } from '../../src/platform/gate/gate.ts'

interface Statement {
  readonly sql: string
  readonly values: readonly unknown[]
}

/** One round trip of the service. */
type Step =
  | { readonly to: 'gate'; readonly name: string; readonly method: string; readonly args: readonly unknown[] }
  | { readonly to: 'database'; readonly statements: readonly Statement[]; readonly batch: boolean }

const plans = new Map<string, Step[]>()
/** What each session's generation is by now, since each refresh needs the one that the refresh before it made. */
const generations = new Map<number, number>()

const app = new Hono<{ Bindings: Bindings }>()

app.get('/bare', (c) => c.json({ status: 'ok' }))

app.get('/hash', async (c) => {
  const gates = c.env.GATE as DurableObjectNamespace<Gate>
  return c.json({ hash: await gates.getByName('address:hash').hash('a password to be hashed') })
})

/** The longest query of a plan, alone. */
app.get('/query/:plan', async (c) => {
  const steps = planOf(c.req.param('plan'))
  const statement = steps.findLast((step) => step.to === 'database')?.statements[0] ?? me
  const values = statement.values.map(valuesOf(c.req.query()))
  return c.json(
    await c.env.DB.prepare(statement.sql)
      .bind(...values)
      .raw(),
  )
})
const me: Statement = { sql: 'SELECT * FROM users WHERE id = ?', values: [marks.user] }

/** One insert of a contact. */
app.post('/insert', async (c) => {
  const body: unknown = await c.req.json()
  const row = { ...createRow(Number(c.req.query('user')), someone, 'uk') }
  const columns = Object.keys(row)
  const sql = `INSERT INTO contacts (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) RETURNING *`
  const values = Object.values(row).map((value) => (typeof value === 'boolean' ? Number(value) : value))
  return c.json(
    {
      body,
      rows: await c.env.DB.prepare(sql)
        .bind(...values)
        .raw(),
    },
    201,
  )
})

/** The service's own calls, one after the other, and the last answer of the database. */
app.all('/same/:plan', async (c) => {
  if (c.req.method !== 'GET') await c.req.json()
  const query = c.req.query()
  const reported = valuesOf(query)
  const gates = c.env.GATE as DurableObjectNamespace<Gate>
  let answer: unknown = null
  let revision: unknown
  for (const step of planOf(c.req.param('plan'))) {
    if (step.to === 'gate') {
      const gate = gates.get(gates.idFromName(step.name.replace(`${marks.user}`, `${query.user}`)))
      const call: unknown = Reflect.get(gate, step.method)
      if (typeof call !== 'function') throw new Error(`A gate has no ${step.method}.`)
      const output: unknown = await Reflect.apply(call, gate, [...step.args])
      answer ??= output
      continue
    }
    const prepared = step.statements.map(({ sql, values }) =>
      c.env.DB.prepare(sql).bind(
        ...values.map(reported).map((value) => (value === marks.revision && revision !== undefined ? revision : value)),
      ),
    )
    const [only] = prepared
    if (step.batch) answer = (await c.env.DB.batch(prepared)).map(({ results }) => results)
    else if (only) answer = await only.raw()
    if (Array.isArray(answer) && Array.isArray(answer[0])) {
      const at = revisionAt.get(c.req.param('plan'))
      if (at !== undefined) revision ??= answer[0][at]
    }
  }
  return c.json(answer)
})

/** In which column of the first answer the revision lay, when a plan was recorded. */
const revisionAt = new Map<string, number>()

/** Sends a request to the service and keeps what it asked of its gates and its database until it answered. */
app.post('/record/:plan', async (c) => {
  const { path, method, headers, body } = await c.req.json<{
    path: string
    method: string
    headers: Record<string, string>
    body: string | null
  }>()
  const plan = c.req.param('plan')
  const steps: Step[] = []
  revisionAt.delete(plan)
  const seen = (rows: unknown): void => {
    const at = Array.isArray(rows) && Array.isArray(rows[0]) ? rows[0].indexOf(marks.revision) : -1
    if (at !== -1 && !revisionAt.has(plan)) revisionAt.set(plan, at)
  }
  const env = { ...c.env, DB: recordedDatabase(c.env.DB, steps, seen), GATE: recordedGates(c.env.GATE, steps) }
  const answer = await service.fetch(new Request(`http://bench${path}`, { method, headers, body }), env, c.executionCtx)
  plans.set(plan, [...steps])
  return c.json({ status: answer.status, steps, body: await answer.text() })
})

app.post('/sql', async (c) => c.json((await c.env.DB.prepare(await c.req.text()).all()).results))

export default app

function planOf(name: string): Step[] {
  const steps = plans.get(name)
  if (!steps) throw new Error(`Nothing was recorded as ${name}.`)
  return steps
}

/** Puts a request's own user, contact and session in the places of those that a plan was recorded with. */
function valuesOf(query: Record<string, string>): (value: unknown) => unknown {
  const session = Number(query.session)
  return (value) => {
    if (value === marks.user) return Number(query.user)
    if (value === marks.contact) return Number(query.contact)
    if (value === marks.session) return session
    if (value !== marks.generation) return value
    const generation = generations.get(session) ?? 1
    generations.set(session, generation + 1)
    return generation
  }
}

function recordedDatabase(real: D1Database, steps: Step[], seen: (rows: unknown) => void): D1Database {
  const existing = new WeakMap<object, { statement: Statement; real: D1PreparedStatement }>()
  const wrap = (made: D1PreparedStatement, statement: Statement): D1PreparedStatement => {
    const proxy = new Proxy(made, {
      get(inner, name) {
        if (name === 'bind') {
          return (...values: unknown[]) => wrap(inner.bind(...values), { sql: statement.sql, values })
        }
        const method: unknown = Reflect.get(inner, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          steps.push({ to: 'database', statements: [statement], batch: false })
          const rows: unknown = await Reflect.apply(method, inner, args)
          seen(rows)
          return rows
        }
      },
    })
    existing.set(proxy, { statement, real: made })
    return proxy
  }
  return new Proxy(real, {
    get(inner, name) {
      if (name === 'prepare') return (sql: string) => wrap(inner.prepare(sql), { sql, values: [] })
      if (name === 'batch') {
        return (list: D1PreparedStatement[]) => {
          const all = list.map((one) => existing.get(one))
          steps.push({ to: 'database', statements: all.flatMap((one) => one?.statement ?? []), batch: true })
          return inner.batch(all.flatMap((one) => one?.real ?? []))
        }
      }
      const method: unknown = Reflect.get(inner, name)
      return typeof method === 'function' ? method.bind(inner) : method
    },
  })
}

function recordedGates(real: DurableObjectNamespace, steps: Step[]): DurableObjectNamespace {
  return new Proxy(real, {
    get(inner, name) {
      // A name is all there is to know of a gate: the id made of it carries it.
      if (name === 'get') {
        return (id: DurableObjectId) =>
          new Proxy(inner.get(id), {
            get(gate, method) {
              const call: unknown = Reflect.get(gate, method)
              if (typeof call !== 'function') return call
              return (...args: unknown[]) => {
                steps.push({ to: 'gate', name: id.name ?? '', method: String(method), args })
                return Reflect.apply(call, gate, args)
              }
            },
          })
      }
      const method: unknown = Reflect.get(inner, name)
      return typeof method === 'function' ? method.bind(inner) : method
    },
  })
}
