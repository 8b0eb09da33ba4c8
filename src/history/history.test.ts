import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { database } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { picture, upload } from '../../test/pictures.ts'
import { addVcard, lines, path, photoLine, put, vcf } from '../../test/vcard-requests.ts'
import { contactDetailsSchema } from '../contacts/schema.ts'
import { cardParts } from '../contacts/table.ts'
import { runScheduled } from '../schedule.ts'
import { versionSchema } from './schema.ts'
import { versions } from './table.ts'

const db = database()

describe('the history of a contact', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })
  const historyOf = async (id: number) => read(z.array(versionSchema), await ana.get(`${path}/${id}/history`))
  const restore = (id: number, revision: number | undefined, headers = {}) =>
    ana.post(`${path}/${id}/history/${revision}/restore`, undefined, { headers })
  const details = async (id: number) => read(contactDetailsSchema, await ana.get(`${path}/${id}`))
  const isThere = async (url: string) => (await ana.get(new URL(url).pathname)).status === 200

  it('has what it was before each change, when that was, and by what device, and brings it back', async () => {
    const { id } = await add(ana, { first_name: 'Ada', phone: '1' })
    const [first] = [await details(id)]
    await ana.patch(`${path}/${id}`, { phone: '2' }, { headers: { 'User-Agent': 'a phone' } })
    const second = await details(id)
    await ana.put(`${path}/${id}`, { first_name: 'Other', emails: [{ value: 'o@example.com', label: 'home' }] })
    const history = await historyOf(id)
    expect(history.map(({ contact }) => contact)).toEqual([second, first])
    expect(history.map(({ revision }) => revision)).toEqual([2, 1])
    expect(history[1]).toMatchObject({ changed_at: second.updated_at, changed_by: { name: 'a phone' } })
    const back = await restore(id, 1)
    expect(back.status).toBe(200)
    expect(read(contactDetailsSchema, back)).toMatchObject({ first_name: 'Ada', phone: '1', email: null })
    expect(names(await ana.get(`${path}?q=other`))).toEqual([])
    expect((await historyOf(id)).map(({ contact }) => contact.first_name)).toEqual(['Other', 'Ada', 'Ada'])
    // What it is now is no change.
    await restore(id, 1)
    expect(await historyOf(id)).toHaveLength(3)
  })

  it('is of the last 20 changes; neither stars nor what changes nothing are any', async () => {
    const { id } = await add(ana, { first_name: 'Ada' })
    for (let n = 0; n < 22; n++) await ana.patch(`${path}/${id}`, { phone: String(n) })
    for (let n = 0; n < 3; n++) {
      await ana.patch(`${path}/${id}/favorite`, { favorite: n % 2 === 0 })
      await ana.put(`${path}/${id}`, await details(id))
    }
    const history = await historyOf(id)
    expect(history.map(({ contact }) => contact.phone)).toEqual([
      ...Array.from({ length: 20 }, (_, n) => String(20 - n)),
    ])
    // The star stays as it is.
    expect((await restore(id, history[0]?.revision)).body).toMatchObject({ favorite: true, phone: '20' })
  })

  it('holds 256 KB of a contact, and its last version in any case', async () => {
    const big = (n: number) => lines('VERSION:3.0', 'FN:Big', 'UID:h-big', `NOTE:${String(n).repeat(60_000)}`)
    const { id } = await addVcard(ana, big(0))
    for (let n = 1; n < 7; n++) expect((await put(ana, id, big(n))).status).toBe(200)
    // Each twice: in its vCard, and in the field that is read from it.
    expect(await historyOf(id)).toHaveLength(2)
  })

  it('brings back a vCard line for line, with its larger files and its picture', async () => {
    const text = lines('VERSION:3.0', 'FN:Bela', 'UID:h-1', photoLine('png'), `LOGO;ENCODING=b:${'A'.repeat(3000)}`)
    const { id, avatar } = await addVcard(ana, text)
    await put(ana, id, lines('VERSION:3.0', 'FN:Bela', 'UID:h-1'))
    await ana.patch(`${path}/${id}/avatar`, undefined, { raw: upload(picture('gif')) })
    const second = (await details(id)).avatar
    await ana.delete(`${path}/${id}/avatar`)
    await runScheduled('* * * * *', env)
    expect([await isThere(avatar), await isThere(second)]).toEqual([true, true])
    expect((await restore(id, 1)).body).toMatchObject({ avatar })
    expect(await vcf(ana, id)).toBe(text)
    expect((await restore(id, 3)).body).toMatchObject({ avatar: second })
    // Deleted for good, nothing of it is left.
    await ana.delete(`${path}/${id}`)
    await runScheduled('* * * * *', env)
    expect([await isThere(avatar), await isThere(second)]).toEqual([true, true])
    await ana.delete(`/api/trash/${id}`)
    await runScheduled('* * * * *', env)
    expect([await isThere(avatar), await isThere(second)]).toEqual([false, false])
    expect(await db.select().from(cardParts).where(eq(cardParts.contact_id, id))).toEqual([])
    expect(await db.select().from(versions).where(eq(versions.contact_id, id))).toEqual([])
  })

  it('lets go of the picture and the files of a version that is too old', async () => {
    const text = lines('VERSION:3.0', 'FN:Cy', 'UID:h-2', photoLine('png'), `LOGO;ENCODING=b:${'B'.repeat(3000)}`)
    const { id, avatar } = await addVcard(ana, text)
    for (let n = 0; n < 22; n++) await put(ana, id, lines('VERSION:3.0', 'FN:Cy', 'UID:h-2', `TEL:${n}`))
    await runScheduled('* * * * *', env)
    expect(await isThere(avatar)).toBe(false)
    expect(await db.select().from(cardParts).where(eq(cardParts.contact_id, id))).toEqual([])
  })

  it('brings back a UID that was its own only while no other contact has it, and the groups of that', async () => {
    const { id } = await add(ana, { first_name: 'Uno' })
    const { uid } = await details(id)
    await put(ana, id, lines('VERSION:3.0', 'FN:Uno', 'UID:h-other'))
    const crew = (name: string, member: string) => lines('VERSION:4.0', 'KIND:group', `FN:${name}`, `MEMBER:${member}`)
    await addVcard(ana, crew('Newcomers', 'h-other'))
    await addVcard(ana, crew('Veterans', uid))
    expect((await details(id)).labels).toEqual(['Newcomers'])
    const holder = await addVcard(ana, lines('VERSION:3.0', 'FN:Holder', `UID:${uid}`))
    expect(problemOf(await restore(id, 1))).toBe('409 uid-taken')
    await ana.delete(`${path}/${holder.id}`)
    expect((await restore(id, 1)).body).toMatchObject({ uid, labels: ['Veterans'] })
    expect(names(await ana.get(`${path}?q=veterans`))).toEqual(['Uno'])
    expect(names(await ana.get(`${path}?q=newcomers`))).toEqual([])
    expect(problemOf(await ana.post(`/api/trash/${holder.id}/restore`))).toBe('409 uid-taken')
  })

  it('stays with a contact through the trash', async () => {
    const { id } = await add(ana, { first_name: 'Ada', phone: '1' })
    await ana.patch(`${path}/${id}`, { phone: '2' })
    await ana.delete(`${path}/${id}`)
    expect(problemOf(await ana.get(`${path}/${id}/history`))).toBe('404 not-found')
    await ana.post(`/api/trash/${id}/restore`)
    expect(await historyOf(id)).toHaveLength(1)
    expect((await restore(id, 1)).body).toMatchObject({ phone: '1' })
  })

  it('is its owner’s alone, and refuses what is not there, what is stale, and a UID that another has', async () => {
    const { id } = await add(ana, { first_name: 'Ada', phone: '1' })
    await ana.patch(`${path}/${id}`, { phone: '2' })
    expect(problemOf(await boris.get(`${path}/${id}/history`))).toBe('404 not-found')
    expect(problemOf(await boris.post(`${path}/${id}/history/1/restore`))).toBe('404 not-found')
    expect(problemOf(await restore(id, 7))).toBe('404 not-found')
    expect(problemOf(await restore(id, 1, { 'If-Match': '"0-1"' }))).toBe('412 changed-meanwhile')
    const card = await addVcard(ana, lines('VERSION:3.0', 'FN:One', 'UID:h-3'))
    await put(ana, card.id, lines('VERSION:3.0', 'FN:One', 'UID:h-4'))
    const other = await addVcard(ana, lines('VERSION:3.0', 'FN:Two', 'UID:h-3'))
    const answer = await restore(card.id, 1)
    expect([problemOf(answer), (answer.body as { contact: number }).contact]).toEqual(['409 uid-taken', other.id])
  })

  it('is in the export', async () => {
    const text = lines('VERSION:3.0', 'FN:Exported', `LOGO;ENCODING=b:${'C'.repeat(3000)}`)
    const { id } = await addVcard(ana, text)
    await put(ana, id, lines('VERSION:3.0', 'FN:Exported'))
    const all = read(
      z.looseObject({ versions: z.array(z.looseObject({ contact: z.looseObject({ id: z.int() }) })) }),
      await ana.get('/api/users/me/export'),
    )
    expect(all.versions.find(({ contact }) => contact.id === id)).toMatchObject({ vcard: text, revision: 1 })
  })
})
