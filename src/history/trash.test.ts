import { env } from 'cloudflare:workers'
import { and, count, eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { problemOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { database, execute } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { picture, upload } from '../../test/pictures.ts'
import { serve } from '../../test/serving.ts'
import { addVcard, lines, path, photoLine, post, vcf } from '../../test/vcard-requests.ts'
import { removed } from '../books/table.ts'
import { contactDetailsSchema } from '../contacts/schema.ts'
import { cardParts } from '../contacts/table.ts'
import { pictureDeletions } from '../platform/pictures/table.ts'
import { runScheduled } from '../schedule.ts'
import { trashEntrySchema } from './schema.ts'

const db = database()
const trash = '/api/trash'

describe('the trash', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })
  const entries = async (person = ana) => read(z.array(trashEntrySchema), await person.get(trash))
  const details = async (id: number) => read(contactDetailsSchema, await ana.get(`${path}/${id}`))
  const discarded = async () => (await db.select().from(pictureDeletions)).map(({ picture }) => picture)

  it('takes what is deleted, says who deleted it, and gives it back with all that it held', async () => {
    const text = lines('VERSION:3.0', 'N:Bela;;;;', 'FN:Bela', 'UID:t-1', 'CATEGORIES:Old', photoLine('png'), 'X-OWN:1')
    const { id } = await addVcard(ana, text)
    await ana.patch(`${path}/${id}/favorite`, { favorite: true })
    const before = await details(id)
    expect((await ana.delete(`${path}/${id}`, { headers: { 'User-Agent': 'a phone' } })).status).toBe(204)
    const [entry] = await entries()
    expect(entry).toMatchObject({ id, deleted_by: { kind: 'session', name: 'a phone' } })
    expect(entry?.contact).toMatchObject({ id, full_name: 'Bela', favorite: true, avatar: before.avatar })
    expect(problemOf(await ana.get(`${path}/${id}`))).toBe('404 not-found')
    expect(names(await ana.get(`${path}?q=bela`))).toEqual([])
    expect((await ana.get(new URL(before.avatar).pathname)).status).toBe(200)

    const restored = await ana.post(`${trash}/${id}/restore`)
    expect(restored.status).toBe(200)
    const { updated_at, ...same } = before
    expect(restored.body).toMatchObject(same)
    expect(read(contactDetailsSchema, restored).updated_at > updated_at).toBe(true)
    expect(restored.headers.get('ETag')).toBe((await ana.get(`${path}/${id}`)).headers.get('ETag'))
    expect(await vcf(ana, id)).toBe(text)
    expect(names(await ana.get(`${path}?q=bela`))).toEqual(['Bela'])
    expect(await entries()).toEqual([])
    expect(problemOf(await ana.post(`${trash}/${id}/restore`))).toBe('404 not-found')
  })

  it('is its owner’s alone, and is paged, the newest first', async () => {
    const all = []
    for (const first_name of ['One', 'Two', 'Three']) all.push((await add(boris, { first_name })).id)
    for (const id of all) await boris.delete(`${path}/${id}`)
    expect((await entries(boris)).map(({ contact }) => contact.first_name)).toEqual(['Three', 'Two', 'One'])
    const page = await boris.get(`${trash}?limit=2&total=true`)
    expect(page.headers.get('X-Total-Count')).toBe('3')
    const link = /<https:\/\/vizitka\.test([^>]+)>/.exec(page.headers.get('Link') ?? '')?.[1] ?? ''
    expect(read(z.array(trashEntrySchema), await boris.get(link)).map(({ id }) => id)).toEqual([all[0]])
    expect(await entries()).toEqual([])
    for (const [method, to] of [
      ['post', `${trash}/${all[0]}/restore`],
      ['delete', `${trash}/${all[0]}`],
    ] as const) {
      expect(problemOf(await ana[method](to))).toBe('404 not-found')
    }
    expect((await ana.delete(trash)).status).toBe(204)
    expect(await entries(boris)).toHaveLength(3)
  })

  it('deletes for good what one says, or all, and then its picture and its files', async () => {
    const big = lines('VERSION:3.0', 'FN:Big', `PHOTO;ENCODING=b:${'A'.repeat(3000)}`)
    const [one, two] = [await addVcard(ana, big), await addVcard(ana, big)]
    await ana.patch(`${path}/${one.id}/avatar`, undefined, { raw: upload(picture('png')) })
    const parts = () => db.select().from(cardParts).where(eq(cardParts.owner_id, ana.id))
    for (const { id } of [one, two]) await ana.delete(`${path}/${id}`)
    const stored = await parts()
    const before = await discarded()
    expect((await ana.delete(`${trash}/${one.id}`)).status).toBe(204)
    expect((await entries()).map(({ id }) => id)).toEqual([two.id])
    expect((await discarded()).length).toBe(before.length + 1)
    expect((await ana.delete(trash)).status).toBe(204)
    expect(await entries()).toEqual([])
    expect(stored.filter(({ contact_id }) => contact_id === two.id)).toHaveLength(1)
    expect((await parts()).filter(({ contact_id }) => [one.id, two.id].includes(contact_id))).toEqual([])
    expect(problemOf(await ana.delete(`${trash}/${two.id}`))).toBe('404 not-found')
    expect((await ana.get('/api/users/me/events')).text).toContain('trash-emptied')
  })

  it('does not restore what has no room, or whose UID another contact has', async () => {
    const text = lines('VERSION:3.0', 'FN:Twin', 'UID:t-2')
    const first = await addVcard(ana, text)
    await ana.delete(`${path}/${first.id}`)
    const second = await addVcard(ana, text)
    const answer = await ana.post(`${trash}/${first.id}/restore`)
    expect([problemOf(answer), (answer.body as { contact: number }).contact]).toEqual(['409 uid-taken', second.id])
    await ana.delete(`${path}/${second.id}`)
    const full = await serve({ MAX_CONTACTS: '1' }, `${trash}/${first.id}/restore`, {
      method: 'POST',
      token: ana.access,
    })
    expect(full.status).toBe(409)
    expect(await entries()).toHaveLength(2)
    expect((await ana.post(`${trash}/${first.id}/restore`)).status).toBe(200)
    // Its own UID is given to nobody meanwhile.
    const { id } = await add(ana, { first_name: 'Plain' })
    const { uid } = await details(id)
    await ana.delete(`${path}/${id}`)
    const other = await addVcard(ana, lines('VERSION:3.0', 'FN:Other', `UID:${uid}`))
    expect(problemOf(await ana.post(`${trash}/${id}/restore`))).toBe('409 uid-taken')
    await ana.delete(`${path}/${other.id}`)
    expect(read(contactDetailsSchema, await ana.post(`${trash}/${id}/restore`)).uid).toBe(uid)
  })

  it('restores once, however many ask at once', async () => {
    const { id } = await add(ana, { first_name: 'Once' })
    await ana.delete(`${path}/${id}`)
    const answers = await Promise.all(Array.from({ length: 4 }, () => ana.post(`${trash}/${id}/restore`)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 404, 404, 404])
    const gone = await Promise.all(Array.from({ length: 4 }, () => ana.delete(`${path}/${id}`)))
    expect(gone.map(({ status }) => status).toSorted()).toEqual([204, 404, 404, 404])
  })

  it('has a group, whose members have its label again once it is back', async () => {
    const member = await addVcard(ana, lines('VERSION:3.0', 'FN:Member', 'UID:t-3'))
    const group = await addVcard(ana, lines('VERSION:4.0', 'KIND:group', 'FN:Crew', 'MEMBER:t-3'))
    for (const id of [group.id, member.id]) await ana.delete(`${path}/${id}`)
    expect((await ana.post(`${trash}/${member.id}/restore`)).body).toMatchObject({ labels: [] })
    expect((await ana.post(`${trash}/${group.id}/restore`)).status).toBe(200)
    expect((await details(member.id)).labels).toEqual(['Crew'])
    await ana.delete(`${path}/${member.id}`)
    expect((await ana.post(`${trash}/${member.id}/restore`)).body).toMatchObject({ labels: ['Crew'] })
  })

  it('deletes for good after 30 days', async () => {
    const [old, young] = [await add(ana, { first_name: 'Old' }), await add(ana, { first_name: 'Young' })]
    for (const { id } of [old, young]) await ana.delete(`${path}/${id}`)
    const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
    const age = (id: number, days: number) =>
      db
        .update(removed)
        .set({ removed_at: at(days) })
        .where(and(eq(removed.owner_id, ana.id), eq(removed.contact_id, id)))
    await age(old.id, 31)
    await age(young.id, 29)
    await runScheduled('17 * * * *', env)
    const left = async () => (await entries()).map(({ contact }) => contact.first_name)
    expect(await left()).toContain('Young')
    expect(await left()).not.toContain('Old')
  })

  /** Puts so many contacts of somebody into the trash that were removed so many days ago. */
  const fill = (person: Person, size: number, days = 0) =>
    execute(`INSERT INTO removed (owner_id, seq, contact_id, content, removed_at)
      WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${size})
      SELECT ${person.id}, n + coalesce((SELECT max(seq) FROM removed WHERE owner_id = ${person.id}), 0), -n, '{}',
        strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-${days} days') FROM n`)
  const sizeOf = async (person: Person) => {
    const isHeld = and(eq(removed.owner_id, person.id), sql`content IS NOT NULL`)
    return (await db.select({ size: count() }).from(removed).where(isHeld))[0]?.size
  }

  it('lets the oldest go beyond 10,000, whatever deletes', async () => {
    const carl = await signedUp('carl')
    const chance = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    try {
      const [plain, other] = [await add(carl, { first_name: 'Plain' }), await add(carl, { first_name: 'Other' })]
      await addVcard(carl, lines('VERSION:4.0', 'KIND:group', 'FN:Crew', 'MEMBER:t-9'))
      await fill(carl, 10_000)
      await carl.delete(`${path}/${plain.id}`)
      expect(await sizeOf(carl)).toBe(10_001)
      // One of 64 deletions looks.
      chance.mockReturnValue(0)
      await carl.delete(`${path}/${other.id}`)
      expect(await sizeOf(carl)).toBe(10_000)
      expect((await carl.delete('/api/labels/Crew')).status).toBe(200)
      expect(await sizeOf(carl)).toBe(10_000)
    } finally {
      chance.mockRestore()
    }
  })

  it('is swept of all that is due, in one run, and each owner has one number for it', async () => {
    const [dora, emil] = [await signedUp('dora'), await signedUp('emil')]
    await fill(dora, 1500, 31)
    await fill(emil, 2, 31)
    await fill(emil, 1, 29)
    const numberOf = async (person: Person) =>
      (await db.select({ last: sql<number>`max(seq)` }).from(removed).where(eq(removed.owner_id, person.id)))[0]?.last
    await runScheduled('17 * * * *', env)
    expect([await sizeOf(dora), await sizeOf(emil)]).toEqual([0, 1])
    // The first batch of the sweep has a thousand.
    expect([await numberOf(dora), await numberOf(emil)]).toEqual([1502, 4])
  })

  it('is in the export', async () => {
    const text = lines('VERSION:3.0', 'FN:Exported', `PHOTO;ENCODING=b:${'A'.repeat(3000)}`)
    const { id } = await addVcard(ana, text)
    await ana.delete(`${path}/${id}`)
    const all = read(
      z.looseObject({ trash: z.array(z.looseObject({ id: z.int() })) }),
      await ana.get('/api/users/me/export'),
    )
    expect(all.trash.find((entry) => entry.id === id)).toMatchObject({
      vcard: text,
      contact: { full_name: 'Exported' },
    })
    expect((await post(ana, text)).status).toBe(201)
    vi.useRealTimers()
  })
})
