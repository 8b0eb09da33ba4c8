import { beforeAll, describe, expect, it } from 'vitest'
import { problemOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { database, execute } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { addVcard, lines, path, post, put, vcf } from '../../test/vcard-requests.ts'
import { contentOfFields } from './content.ts'
import { withDefaults } from './fields.ts'
import { contactDetailsSchema } from './schema.ts'
import { createRow } from './store.ts'
import { contacts } from './table.ts'

const db = database()
const person = (name: string, uid: string, ...more: string[]) =>
  lines('VERSION:3.0', `N:${name};;;;`, `FN:${name}`, `UID:${uid}`, ...more)
const group = (name: string, uid: string, ...members: string[]) =>
  lines(
    ...['VERSION:3.0', `N:${name};;;;`, `FN:${name}`, `UID:${uid}`, 'X-ADDRESSBOOKSERVER-KIND:group'],
    ...members.map((member) => `X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:${member}`),
  )

describe("a group's vCard", () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })
  const details = async (id: number) => read(contactDetailsSchema, await ana.get(`${path}/${id}`))
  const labelsOf = async (id: number) => (await details(id)).labels
  const etagOf = async (id: number) => (await ana.get(`${path}/${id}`)).headers.get('ETag')
  const having = async (label: string, who = ana) => names(await who.get(`${path}?label=${encodeURIComponent(label)}`))
  const counts = async () => (await ana.get('/api/labels')).body

  it('is a label of its members, before and after they are there, and no list shows it', async () => {
    const family = await addVcard(ana, group('Family', 'g-1', 'u-1', 'u-2', 'nobody'))
    const first = await addVcard(ana, person('Adam', 'u-1', 'CATEGORIES:Old'))
    expect(first.labels).toEqual(['Old', 'Family'])
    const second = await addVcard(ana, person('Bela', 'urn:uuid:u-2'))
    const plain = await details((await add(ana, { first_name: 'Carl' })).id)
    expect(second.labels).toEqual(['Family'])
    expect(plain.uid).toMatch(/^[0-9a-f]{32}-\d+$/)
    const answer = await put(ana, family.id, group('Family', 'g-1', 'u-1', 'u-2', plain.uid))
    expect(answer.status).toBe(200)
    expect(await labelsOf(plain.id)).toEqual(['Family'])
    expect(await having('Family')).toEqual(['Adam', 'Bela', 'Carl'])
    expect(await counts()).toEqual([
      { name: 'Family', count: 3 },
      { name: 'Old', count: 1 },
    ])
    expect(names(await ana.get(`${path}?q=family`))).toEqual(['Adam', 'Bela', 'Carl'])
    expect(await vcf(ana, family.id)).toBe(group('Family', 'g-1', 'u-1', 'u-2', plain.uid))
    const all = await ana.get(`${path}?total=true`)
    expect(names(all)).toEqual(['Adam', 'Bela', 'Carl'])
    expect(all.headers.get('X-Total-Count')).toBe('3')
    for (const query of ['last_name=family', 'favorite=false&last_name=family', 'sort=birthday&label=none']) {
      expect(names(await ana.get(`${path}?${query}`)), query).toEqual([])
    }
    expect(await having('Family', boris)).toEqual([])
    await ana.delete(`${path}/${family.id}`)
    expect(await having('Family')).toEqual([])
    expect(await labelsOf(first.id)).toEqual(['Old'])
    expect(names(await ana.get(`${path}?q=family`))).toEqual([])
    expect((await details(plain.id)).phone).toBeNull()
  })

  it('changes the revision of those whose labels it changes, and of nobody else', async () => {
    const friends = await addVcard(ana, group('Friends', 'g-2', 'v-1', 'v-2'))
    const one = await addVcard(ana, person('Dora', 'v-1'))
    const two = await addVcard(ana, person('Egon', 'v-2'))
    const three = await addVcard(ana, person('Fred', 'v-3'))
    const before = await Promise.all([one, two, three].map(({ id }) => etagOf(id)))
    await put(ana, friends.id, group('Friends', 'g-2', 'v-1', 'v-3'))
    const after = await Promise.all([one, two, three].map(({ id }) => etagOf(id)))
    expect(after.map((etag, at) => etag === before[at])).toEqual([true, false, false])
    expect(await having('Friends')).toEqual(['Dora', 'Fred'])
    // Under another UID it is another's member.
    await put(ana, one.id, person('Dora', 'v-9'))
    expect(await labelsOf(one.id)).toEqual([])
    expect(names(await ana.get(`${path}?q=friends`))).toEqual(['Fred'])
    await put(ana, one.id, person('Dora', 'v-1'))
    expect(await labelsOf(one.id)).toEqual(['Friends'])
    expect(names(await ana.get(`${path}?q=friends`))).toEqual(['Dora', 'Fred'])
    expect((await ana.patch(`${path}/${one.id}`, { phone: '123' })).status).toBe(200)
    expect(names(await ana.get(`${path}?q=friends`))).toEqual(['Dora', 'Fred'])
    await ana.delete(`${path}/${friends.id}`)
  })

  it('loses the line of a contact that loses its label, and nothing else; a label that is given is the contact’s own', async () => {
    const team = await addVcard(ana, group('Team', 'g-3', 'w-1', 'w-2'))
    const twin = await addVcard(ana, group('Team', 'g-4', 'w-1'))
    const one = await addVcard(ana, person('Gert', 'w-1', 'CATEGORIES:Team'))
    const two = await addVcard(ana, person('Hans', 'w-2'))
    const text = await vcf(ana, two.id)
    // What is read and sent back changes nothing.
    expect((await ana.put(`${path}/${two.id}`, await details(two.id))).status).toBe(200)
    expect(await vcf(ana, two.id)).toBe(text)
    expect(await having('Team')).toEqual(['Gert', 'Hans'])
    const changed = read(contactDetailsSchema, await ana.patch(`${path}/${two.id}`, { labels: ['Team', 'New'] }))
    expect(changed.labels).toEqual(['New', 'Team'])
    expect(await vcf(ana, two.id)).toBe(person('Hans', 'w-2', 'CATEGORIES:New'))
    const left = await ana.patch(`${path}/${one.id}`, { labels: [], phone: '1' })
    expect(read(contactDetailsSchema, left)).toMatchObject({ labels: [], phone: '1' })
    expect(await etagOf(one.id)).toBe(left.headers.get('ETag'))
    expect(await labelsOf(one.id)).toEqual([])
    expect(await vcf(ana, team.id)).toBe(group('Team', 'g-3', 'w-2'))
    expect(await vcf(ana, twin.id)).toBe(group('Team', 'g-4'))
    expect(await having('Team')).toEqual(['Hans'])
  })

  it('is renamed and deleted with its label, and its members with it', async () => {
    const { id } = await addVcard(ana, group('Club', 'g-5', 'x-1', 'x-2'))
    await addVcard(ana, person('Ivan', 'x-1', 'CATEGORIES:Club'))
    const member = await addVcard(ana, person('Jan', 'x-2'))
    expect((await ana.patch('/api/labels/Club', { name: 'Клуб, наш' })).body).toEqual({
      changed: 2,
      more: false,
      skipped: [],
    })
    expect(await having('Клуб, наш')).toEqual(['Ivan', 'Jan'])
    expect(names(await ana.get(`${path}?q=клуб`))).toEqual(['Ivan', 'Jan'])
    expect(await vcf(ana, id)).toContain('FN:Клуб\\, наш\r\n')
    // By its own address it is a contact like any other.
    expect((await ana.patch(`${path}/${id}`, { first_name: 'Club' })).status).toBe(200)
    expect(await labelsOf(member.id)).toEqual(['Club'])
    expect((await ana.delete('/api/labels/Club')).body).toEqual({ changed: 2, more: false, skipped: [] })
    expect((await ana.delete('/api/labels/Клуб, наш')).body).toEqual({ changed: 1, more: false, skipped: [] })
    expect((await ana.get(`${path}/${id}`)).status).toBe(404)
    await addVcard(ana, group('Empty', 'g-6'))
    expect(await counts()).toContainEqual({ name: 'Empty', count: 0 })
  })

  it('may name 900 contacts, and becomes a contact once it is no group any more', async () => {
    const uids = Array.from({ length: 900 }, (_, n) => `many-${n}`)
    const many = await addVcard(ana, group('Many', 'g-7', ...uids))
    const one = await addVcard(ana, person('Karl', 'many-899'))
    expect(one.labels).toEqual(['Many'])
    expect((await put(ana, many.id, person('Many', 'g-7'))).status).toBe(200)
    expect(await labelsOf(one.id)).toEqual([])
    expect(names(await ana.get(`${path}?q=many`))).toEqual(['Many'])
    expect(problemOf(await post(ana, group('Again', 'g-7')))).toBe('409 uid-taken')
  })

  it('loses no member when it and its contacts are written at once', async () => {
    const both = await addVcard(ana, group('Both', 'g-8'))
    const uids = Array.from({ length: 6 }, (_, n) => `at-once-${n}`)
    const answers = await Promise.all([
      ...uids.map((uid, n) => post(ana, person(`Name ${n}`, uid))),
      put(ana, both.id, group('Both', 'g-8', ...uids)),
    ])
    expect(answers.map(({ status }) => status)).toEqual([...uids.map(() => 201), 200])
    expect(await having('Both')).toHaveLength(6)
    const ids = answers.filter(({ status }) => status === 201).map((answer) => read(contactDetailsSchema, answer).id)
    const left = await Promise.all(ids.map((id) => ana.patch(`${path}/${id}`, { labels: [] })))
    const done = left.filter(({ status }) => status === 200)
    expect(left.every(({ status }) => status === 200 || status === 409)).toBe(true)
    expect(await having('Both')).toHaveLength(6 - done.length)
    expect((await vcf(ana, both.id)).match(/MEMBER/g) ?? []).toHaveLength(6 - done.length)
  })

  it('may be one of many of a name, or have a name that is longer than a label', async () => {
    const one = await addVcard(ana, person('Lena', 'y-1'))
    for (let n = 0; n < 23; n++) await addVcard(ana, group('Same', `same-${n}`, 'y-1'))
    await addVcard(ana, group('L'.repeat(20_000), 'long', 'y-1'))
    expect(await labelsOf(one.id)).toEqual(['Same', 'L'.repeat(200)])
    expect((await ana.patch(`${path}/${one.id}`, { labels: [] })).body).toMatchObject({ labels: [] })
    expect(await labelsOf(one.id)).toEqual([])
    expect(await having('Same')).toEqual([])
  })

  it('is refused beyond 1,000 of them, also where a contact would become one', async () => {
    const { id } = await add(boris, { first_name: 'Plain' })
    const first = await addVcard(boris, group('First', 'first'))
    const row = createRow(boris.id, contentOfFields(withDefaults({ first_name: 'Group' })), 'uk')
    const statement = () => db.insert(contacts).values({ ...row, is_group: true })
    await db.batch([statement(), ...Array.from({ length: 998 }, statement)])
    for (const answer of [await post(boris, group('More', 'more')), await put(boris, id, group('Plain', 'plain'))]) {
      expect([problemOf(answer), answer.text.includes('1000 groups')]).toEqual(['409 book-full', true])
    }
    // From the trash, and of the history, comes none either.
    await put(boris, first.id, person('First', 'first'))
    const version = `${path}/${first.id}/history/1/restore`
    const other = await addVcard(boris, group('Other', 'other'))
    expect(problemOf(await boris.post(version))).toBe('409 book-full')
    await boris.delete(`${path}/${other.id}`)
    expect((await boris.post(version)).status).toBe(200)
    expect(problemOf(await boris.post(`/api/trash/${other.id}/restore`))).toBe('409 book-full')
    expect((await add(boris, { first_name: 'Person' })).id).toBeGreaterThan(id)
  })

  it('is refused beyond 50,000 members of all groups together', async () => {
    const carl = await signedUp('carl')
    const { id } = await addVcard(carl, group('Big', 'big', 'm-1', 'm-2'))
    await execute(`INSERT INTO group_members (group_id, uid, owner_id, label, search)
      WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 49996)
      SELECT -1, 'other-' || n, ${carl.id}, '', '' FROM n`)
    // Each as it is named, and without `urn:uuid:`.
    expect((await put(carl, id, group('Big', 'big', 'm-1', 'm-3'))).status).toBe(200)
    for (const answer of [
      await put(carl, id, group('Big', 'big', 'm-1', 'm-2', 'm-3')),
      await post(carl, group('N', 'n', 'x')),
    ])
      expect([problemOf(answer), answer.text.includes('50000 members')]).toEqual(['409 book-full', true])
    expect((await post(carl, group('Empty', 'empty'))).status).toBe(201)
  })

  it('is left by a contact for good: no search finds the one by the other', async () => {
    const one = await addVcard(ana, person('Mona', 'left-1'))
    await addVcard(ana, group('Rowers', 'left-2', 'left-1'))
    await addVcard(ana, group('Runners', 'left-3', 'left-1'))
    expect(names(await ana.get(`${path}?q=rowers`))).toEqual(['Mona'])
    await ana.patch(`${path}/${one.id}`, { labels: ['Runners'] })
    expect(names(await ana.get(`${path}?q=rowers`))).toEqual([])
    expect(names(await ana.get(`${path}?q=runners`))).toEqual(['Mona'])
  })

  it('may be in another, which it leaves while it is renamed; and is not in itself', async () => {
    const member = await addVcard(ana, person('Nils', 'inner-1'))
    const inner = await addVcard(ana, group('Inner', 'inner-2', 'inner-1', 'inner-2'))
    await addVcard(ana, group('Outer', 'inner-3', 'inner-2'))
    expect(await labelsOf(inner.id)).toEqual(['Outer'])
    const renamed = await ana.patch(`${path}/${inner.id}`, { last_name: 'Renamed', labels: [] })
    expect(renamed.body).toMatchObject({ labels: [] })
    expect(renamed.headers.get('ETag')).toBe(await etagOf(inner.id))
    expect(await labelsOf(member.id)).toEqual(['Renamed'])
    expect(names(await ana.get(`${path}?q=inner`))).toEqual([])
  })

  it('lists contacts with all that they hold where that is asked for', async () => {
    const all = await ana.get(`${path}?fields=all&q=gert`)
    const [gert] = read(contactDetailsSchema.array(), all)
    expect(gert).toEqual(await details(gert?.id ?? 0))
    const [bela] = read(contactDetailsSchema.array(), await ana.get(`${path}?fields=all&sort=name&last_name=bela`))
    expect(bela?.uid).toBe('urn:uuid:u-2')
    expect(problemOf(await ana.get(`${path}?fields=some`))).toBe('422 invalid-values')
    expect(problemOf(await ana.patch(`${path}/${gert?.id}`, { book: 'other' }))).toBe('422 invalid-values')
    expect((await ana.patch(`${path}/${gert?.id}`, { book: 'contacts', uid: 'x' })).status).toBe(200)
  })
})
