import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { batch, named, resultsSchema, summary } from '../../test/batches.ts'
import { database, execute } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { lines, path } from '../../test/vcard-requests.ts'
import { measureAccount } from './size-store.ts'
import { accountSizes } from './table.ts'

const db = database()
const most = 10_000_000
const full = '409 storage-full'
const small = { MAX_ACCOUNT_BYTES: String(most) }
const note = 'x'.repeat(4800)
const vcard = (name: string, octets: number) =>
  lines('VERSION:3.0', `FN:${name}`, ...Array.from({ length: Math.ceil(octets / 5000) }, () => `NOTE:${note}`))

/** Signs up somebody whose account has room for 1 MB more: 90,000 contacts that were permanently deleted. */
async function almostFull(name: string): Promise<Person> {
  const person = await signedUp(name)
  await execute(`INSERT INTO removed (owner_id, seq, contact_id, removed_at)
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 90000)
    SELECT ${person.id}, n, -n, '2026-01-01T00:00:00.000Z' FROM n`)
  return person
}

/** How much an account holds. */
async function bytesOf({ id }: Person): Promise<number> {
  await measureAccount(db, id, most)
  const [row] = await db.select().from(accountSizes).where(eq(accountSizes.owner_id, id))
  return row?.bytes ?? 0
}

/** Asks under the small bound. */
const ask = async (person: Person, method: string, to: string, json?: unknown) => {
  const response = await serve(small, to, { method, token: person.access, ...(json === undefined ? {} : { json }) })
  const body: unknown = response.status === 204 ? null : await response.json()
  const { code = '' } = z.looseObject({ code: z.string().optional() }).safeParse(body).data ?? {}
  return { body, status: `${response.status} ${code}`.trim() }
}

const add = async (person: Person, name: string, octets = 45_000) => {
  const init = { method: 'POST', token: person.access, headers: { 'Content-Type': 'text/vcard' } }
  const response = await serve(small, path, { ...init, body: vcard(name, octets) })
  const body = z.looseObject({ id: z.int().optional(), code: z.string().optional() }).parse(await response.json())
  return { id: body.id ?? 0, status: `${response.status} ${body.code ?? ''}`.trim() }
}

/** Adds contacts until there is no room, large ones and then small ones. Returns the ids of the large ones. */
async function fill(person: Person): Promise<number[]> {
  const answers: Awaited<ReturnType<typeof add>>[] = []
  for (const octets of [45_000, 5000]) {
    for (let n = 0; n < 40 && answers.at(-1)?.status !== full; n++) answers.push(await add(person, `${n}`, octets))
    expect(answers.pop()?.status).toBe(full)
  }
  return answers.map(({ id }) => id)
}

describe('an account that holds MAX_ACCOUNT_BYTES', () => {
  it('takes no more, and can be emptied', async () => {
    const ana = await almostFull('ana')
    const ids = await fill(ana)
    // A change is counted as 32 KiB, and a large vCard twice: measured again, all of that fits but the last.
    expect(await bytesOf(ana)).toBeGreaterThan(most - 150_000)
    expect(await bytesOf(ana)).toBeLessThanOrEqual(most)
    const [first = 0, second = 0] = ids
    expect((await ask(ana, 'PATCH', `${path}/${first}`, { phone: '1' })).status).toBe(full)
    expect((await ask(ana, 'PATCH', `${path}/${first}/favorite`, { favorite: true })).status).toBe('200')
    expect((await ask(ana, 'GET', `${path}/${first}`)).body).toMatchObject({ phone: null, favorite: true })

    // In the trash it counts as before.
    expect((await ask(ana, 'DELETE', `${path}/${first}`)).status).toBe('204')
    expect((await add(ana, 'Another')).status).toBe(full)
    const operations = [
      { create: { first_name: 'A' } },
      { delete: { id: second } },
      { update: { id: ids[2], patch: {} } },
    ]
    const { body } = await ask(ana, 'POST', `${path}/batch`, { operations })
    expect(summary(resultsSchema.parse(body).results)).toEqual([full, '204', full])
    const atomic = { operations: [{ delete: { id: ids[4] } }, { create: { first_name: 'A' } }] }
    expect((await ask(ana, 'POST', `${path}/batch?atomic=true`, atomic)).status).toBe(full)
    expect((await ask(ana, 'GET', `${path}/${ids[4]}`)).status).toBe('200')

    expect((await ask(ana, 'DELETE', '/api/trash')).status).toBe('204')
    expect((await add(ana, 'Another')).status).toBe('201')
    expect((await ask(ana, 'PATCH', `${path}/${ids[3]}`, { phone: '1' })).status).toBe(full)
    expect(await bytesOf(ana)).toBeLessThanOrEqual(most)
  })

  it('is not overrun by many writes at once, nor by history', async () => {
    const ana = await almostFull('ana')
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => add(ana, `Name ${n}`)))
    const added = answers.filter(({ status }) => status === '201')
    expect(added.length).toBeGreaterThan(8)
    expect(await bytesOf(ana)).toBeLessThanOrEqual(most)
    const statuses = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const patch = ({ id }: { id: number }) => ask(ana, 'PATCH', `${path}/${id}`, { phone: `${round}` })
      for (const { status } of await Promise.all(added.map(patch))) statuses.add(status)
    }
    expect([...statuses]).toContain(full)
    expect(await bytesOf(ana)).toBeLessThanOrEqual(most)
  })

  it('is measured seldom: not before the changes that surely fit are used up', async () => {
    const ana = await signedUp('ana')
    const rows = () => db.select().from(accountSizes).where(eq(accountSizes.owner_id, ana.id))
    const write = async (count: number) => {
      const rows = await batch(ana, ...Array.from({ length: count }, (_, n) => named(`Name ${n}`)))
      expect(new Set(summary(rows))).toEqual(new Set(['201']))
    }
    for (const count of [100, 100, 56]) await write(count)
    expect(await rows()).toEqual([])
    await write(1)
    const [row] = await rows()
    expect(row).toMatchObject({
      measured_at: 256,
      fits_until: 256 + Math.floor((200_000_000 - (row?.bytes ?? 0)) / 32_768),
    })
    await write(1)
    expect(await rows()).toEqual([row])
  })
})
