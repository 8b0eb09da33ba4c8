import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { addVcard, faults, lines, path, photoLine, vcf } from '../../test/vcard-requests.ts'
import { contactDetailsSchema } from '../contacts/schema.ts'
import { changesSchema, trashEntrySchema, versionSchema } from '../history/schema.ts'

const card = (name: string, ...more: string[]) => lines('VERSION:3.0', `N:${name};;;;`, `FN:${name}`, ...more)

describe('merging contacts', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })
  const details = async (id: number) => read(contactDetailsSchema, await ana.get(`${path}/${id}`))
  const request = (into: number, from: readonly number[], fields?: object, headers: Record<string, string> = {}) =>
    ana.post(`${path}/merge`, { into, from, ...(fields && { fields }) }, { headers })
  async function merge(into: number, from: readonly number[], fields?: object) {
    const answer = await request(into, from, fields)
    expect(answer.status, answer.text).toBe(200)
    return read(contactDetailsSchema, answer)
  }
  const trash = async () => read(z.array(trashEntrySchema), await ana.get('/api/trash'))

  it('unites what simple contacts say, and moves the others to the trash with a reference', async () => {
    const one = await add(ana, { first_name: 'Олесь', last_name: 'Гончар', phone: '+380 44 123 45 67' })
    const two = await add(ana, {
      ...{ first_name: 'Oles', last_name: 'Honchar', phone: '380441234567', email: 'oles@example.com' },
      ...{ birthday: '1918-04-03', additional: 'Writes.', favorite: true },
    })
    const three = await add(ana, { first_name: 'Олесь', last_name: 'Гончар', phone: '+380 67 765 43 21' })
    const answer = await request(one.id, [two.id, three.id])
    expect(answer.status, answer.text).toBe(200)
    const merged = read(contactDetailsSchema, answer)
    expect(merged).toMatchObject({
      ...{ id: one.id, full_name: 'Олесь Гончар', email: 'oles@example.com', phone: '+380 44 123 45 67' },
      ...{ birthday: '1918-04-03', additional: 'Writes.', favorite: true },
      custom: [{ name: 'X-OTHER-NAME', value: 'Oles Honchar', label: null }],
    })
    expect(merged.phones.map(({ value }) => value)).toEqual(['+380 44 123 45 67', '+380 67 765 43 21'])
    expect(answer.headers.get('ETag')).toBe((await ana.get(`${path}/${one.id}`)).headers.get('ETag'))
    expect(await details(one.id)).toEqual(merged)
    for (const { id } of [two, three]) expect((await ana.get(`${path}/${id}`)).status).toBe(404)
    const entries = (await trash()).filter(({ id }) => id === two.id || id === three.id)
    expect(entries).toMatchObject([
      { merged_into: one.id, deleted_by: { kind: 'merge', id: one.id } },
      { merged_into: one.id },
    ])
    const history = read(z.array(versionSchema), await ana.get(`${path}/${one.id}/history`))
    expect(history).toMatchObject([
      { contact: { phone: '+380 44 123 45 67', email: null }, changed_by: { kind: 'merge' } },
    ])
  })

  it('leaves two contacts without a vCard without one, if their fields say all of it', async () => {
    const one = await add(ana, { first_name: 'Plain' })
    const two = await add(ana, { first_name: 'Plain', phone: '+380 44 000 00 01' })
    await merge(one.id, [two.id])
    expect(await vcf(ana, one.id)).toContain('REV:')
  })

  it('copies lines of vCards, with their parameters, groups and labels', async () => {
    const one = await addVcard(
      ana,
      card('Lina', 'item1.TEL:+380 44 111 11 11', 'item1.X-ABLabel:Dacha', 'X-FOO;A=b:bar'),
    )
    const two = await addVcard(
      ana,
      lines(
        ...['VERSION:4.0', 'N:Kostenko;Lina;;Dr.;', 'FN:Lina', 'item1.TEL;VALUE=uri;PREF=1:tel:+380-44-222-22-22'],
        ...[
          'item1.X-ABLabel:Office',
          'EMAIL;X-SEEN=yes;TYPE=work:lina@example.com',
          'GEO:geo:50.4,30.5',
          'X-UNKNOWN;Z=1:kept',
        ],
        ...[
          'ORG:Publishers;Poetry',
          'TITLE:Poet',
          'CATEGORIES:Friends,Poets',
          'NOTE:One\\nnote',
          'GENDER:F',
          'BDAY:19300319',
        ],
        ...[
          'RELATED;TYPE=friend:Vasyl',
          'ADR;TYPE=home:;;Street 1;Kyiv;;01001;Ukraine',
          'LANG:uk',
          'REV:20200101T000000Z',
        ],
      ),
    )
    const merged = await merge(one.id, [two.id])
    const text = await vcf(ana, one.id)
    for (const line of [
      ...['item1.TEL:+380 44 111 11 11', 'item1.X-ABLabel:Dacha', 'X-FOO;A=b:bar', 'item2.TEL:+380-44-222-22-22'],
      ...['item2.X-ABLabel:Office', 'EMAIL;X-SEEN=yes;TYPE=work:lina@example.com', 'X-UNKNOWN;Z=1:kept', 'GENDER:F'],
      ...['NOTE:One\\nnote', 'LANG:uk', 'FN:Lina'],
    ]) {
      expect(text).toContain(`\r\n${line}\r\n`)
    }
    expect(text).not.toContain('REV:2020')
    expect(merged).toMatchObject({
      ...{ uid: one.uid, birthday: '1930-03-19', labels: ['Friends', 'Poets'], additional: 'One\nnote' },
      phones: [
        { label: 'Dacha', primary: true },
        { label: 'Office', primary: false },
      ],
      organizations: [{ name: 'Publishers', units: ['Poetry'], title: 'Poet' }],
      relations: [{ value: 'Vasyl', label: 'friend' }],
      addresses: [{ city: 'Kyiv' }],
    })
    expect(merged.custom).toContainEqual({ name: 'X-OTHER-NAME', value: 'Dr. Lina Kostenko', label: null })
  })

  it('keeps values that there can be only one of, and takes those that are chosen', async () => {
    const one = await addVcard(
      ana,
      card('Iva', 'BDAY:1900-01-01', 'TEL:+380441110001', 'EMAIL:a@example.com', 'GENDER:F'),
    )
    const two = await addVcard(
      ana,
      card('Ivanna', 'BDAY:1900-02-02', 'TEL:+380441110002', 'EMAIL:b@example.com', 'GENDER:O', 'NICKNAME:Iv'),
    )
    const choice = { name: two.id, birthday: two.id, phone: two.id, email: one.id }
    const merged = await merge(one.id, [two.id], choice)
    expect(merged).toMatchObject({
      ...{ full_name: 'Ivanna', birthday: '1900-02-02', phone: '+380441110002', email: 'a@example.com' },
      name: { nickname: 'Iv' },
      dates: [{ value: '1900-01-01', label: 'birthday' }],
    })
    expect(merged.custom.map(({ name, value }) => [name, value])).toEqual([
      ['X-OTHER-NAME', 'Iva'],
      ['X-OTHER-GENDER', 'O'],
    ])
  })

  it('gives a value that is there without a label the label that it has elsewhere', async () => {
    const one = await add(ana, { first_name: 'Labelled', phone: '+380 44 333 33 33' })
    const two = await addVcard(ana, card('Labelled', 'TEL;TYPE=CELL:+380443333333', 'TEL;TYPE=HOME:+380443333333'))
    const { phones } = await merge(one.id, [two.id])
    expect(phones).toEqual([
      { value: '+380 44 333 33 33', label: 'mobile', primary: true },
      { value: '+380443333333', label: 'home', primary: false },
    ])
  })

  it('takes nothing for the same that only looks alike', async () => {
    const one = await addVcard(ana, card('José', 'TEL:1234567', 'NICKNAME:Zoe', 'NOTE:a cat sat'))
    const two = await addVcard(ana, card('Jose', 'TEL:*123*4567#', 'NICKNAME:Zoë', 'NOTE:cat'))
    const three = await addVcard(ana, card('JOSÉ', 'TEL:123-45-67', 'NICKNAME:zoe', 'NOTE:cat'))
    const merged = await merge(one.id, [two.id, three.id])
    expect(merged.phones.map(({ value }) => value)).toEqual(['1234567', '*123*4567#'])
    expect(merged.custom).toEqual([{ name: 'X-OTHER-NAME', value: 'Jose', label: null }])
    expect(merged).toMatchObject({ name: { nickname: 'Zoe,Zoë' }, additional: 'a cat sat\ncat' })
  })

  it('has the picture of the first that has one, or the chosen one, with the files of vCards', async () => {
    const logo = `LOGO;ENCODING=b;TYPE=PNG:${'QUFB'.repeat(500)}`
    const one = await add(ana, { first_name: 'Pictured' })
    const two = await addVcard(ana, card('Pictured', photoLine('png'), logo))
    const three = await addVcard(ana, card('Pictured', photoLine('jpeg')))
    const { avatar } = await details(two.id)
    const merged = await merge(one.id, [two.id, three.id])
    expect(merged.avatar).toBe(avatar)
    const text = (await vcf(ana, one.id)).replaceAll('\r\n ', '')
    expect(text).toContain(photoLine('png'))
    expect(text).toContain(logo)
    expect(text).not.toContain('TYPE=jpeg')
    expect((await ana.get(avatar.replace('https://vizitka.test', ''))).status).toBe(200)
    await ana.delete('/api/trash')
    expect((await vcf(ana, one.id)).replaceAll('\r\n ', '')).toBe(text)
    const four = await addVcard(ana, card('Pictured', photoLine('jpeg')))
    const other = (await details(four.id)).avatar
    expect((await merge(one.id, [four.id], { avatar: four.id })).avatar).toBe(other)
    expect((await vcf(ana, one.id)).replaceAll('\r\n ', '')).toContain(photoLine('jpeg'))
  })

  it('joins the groups of those that are merged into it', async () => {
    const member = (uid: string) => `X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:${uid}`
    const group = (name: string, ...uids: string[]) =>
      card(name, `UID:${name}`, 'X-ADDRESSBOOKSERVER-KIND:group', ...uids.map(member))
    const one = await add(ana, { first_name: 'Joins' })
    const two = await addVcard(ana, card('Joins', 'UID:joins-2'))
    const team = await addVcard(ana, group('Team', 'joins-2', 'someone'))
    const both = await addVcard(ana, group('Both', 'joins-2', (await details(one.id)).uid))
    const other = await addVcard(ana, group('Other', 'someone'))
    const merged = await merge(one.id, [two.id])
    expect(merged.labels.toSorted()).toEqual(['Both', 'Team'])
    expect(await details(one.id)).toEqual(merged)
    expect(await vcf(ana, team.id)).toBe(group('Team', 'joins-2', merged.uid, 'someone'))
    expect(await vcf(ana, both.id)).toBe(group('Both', 'joins-2', merged.uid))
    expect(names(await ana.get(`${path}?q=team`))).toEqual(['Joins'])
    const restored = await ana.post(`/api/trash/${two.id}/restore`)
    expect(restored.body).toMatchObject({ into: 'restored', labels: expect.arrayContaining(['Both', 'Team']) })
    expect((await details(one.id)).labels).toEqual(['Both'])
    expect(await vcf(ana, team.id)).toBe(group('Team', 'joins-2', 'someone'))
    expect(await vcf(ana, other.id)).toBe(group('Other', 'someone'))
    const answer = await request(one.id, [team.id])
    expect([problemOf(answer), ...faults(answer)]).toEqual(['422 invalid-values', '/from'])
    expect(faults(await request(team.id, [one.id]))).toEqual(['/into'])
  })

  it('gives each change a number of its own', async () => {
    const ids = []
    for (let n = 0; n < 4; n++) ids.push((await add(ana, { first_name: 'Numbered', phone: `+380 44 55 ${n}0000` })).id)
    const [into = 0, ...from] = ids
    const changes = async (since: string) =>
      read(changesSchema, await ana.get(`${path}/changes?limit=1&since=${encodeURIComponent(since)}`))
    let since = ''
    for (let page = read(changesSchema, await ana.get(`${path}/changes`)); ; page = await changes(since)) {
      since = page.next
      if (!page.more) break
    }
    await merge(into, from)
    const seen: number[] = []
    for (let more = true; more; ) {
      const page = await changes(since)
      seen.push(...page.changes.map(({ id }) => id))
      ;({ next: since, more } = page)
    }
    expect(seen.toSorted()).toEqual(ids.toSorted())
  })

  it('is refused as a whole if anything is wrong', async () => {
    const one = await add(ana, { first_name: 'Refused' })
    const two = await add(ana, { first_name: 'Refused', email: 'refused@example.com' })
    const theirs = await add(boris, { first_name: 'Boris' })
    const before = await details(one.id)
    const etag = (await ana.get(`${path}/${one.id}`)).headers.get('ETag') ?? ''
    expect(problemOf(await request(one.id, [two.id, theirs.id]))).toBe('404 not-found')
    expect(problemOf(await request(theirs.id, [one.id]))).toBe('404 not-found')
    expect(faults(await request(one.id, [two.id, one.id]))).toEqual(['/from'])
    expect(faults(await request(one.id, [two.id], { phone: two.id }))).toEqual(['/fields/phone'])
    expect(faults(await request(one.id, [two.id], { email: theirs.id }))).toEqual(['/fields/email'])
    expect(faults(await request(one.id, []))).toEqual(['/from'])
    expect(problemOf(await request(one.id, [two.id], undefined, { 'If-Match': '"1-999"' }))).toBe(
      '412 changed-meanwhile',
    )
    const many = (n: number) => Array.from({ length: 60 }, (_, at) => `TEL:+38044${n}0000${at + 10}`)
    const big = await addVcard(ana, card('Big', ...many(1)))
    const bigger = await addVcard(ana, card('Big', ...many(2)))
    expect(faults(await request(big.id, [bigger.id]))).toEqual(['/from'])
    const long = (n: number) => card('Long', ...Array.from({ length: 950 }, (_, at) => `X-L${at % 10}:${n}-${at}`))
    const longer = []
    for (let n = 0; n < 3; n++) longer.push((await addVcard(ana, long(n))).id)
    const [first = 0, ...rest] = longer
    const refused = await request(first, rest)
    expect(faults(refused)).toEqual(['/from'])
    expect(refused.text).toContain('different lines')
    expect(await details(one.id)).toEqual(before)
    expect((await request(one.id, [two.id], undefined, { 'If-Match': etag })).status).toBe(200)
    expect(problemOf(await request(one.id, [two.id]))).toBe('404 not-found')
  })

  it('needs the permissions to change and to delete contacts', async () => {
    const one = await add(ana, { first_name: 'Permitted' })
    const two = await add(ana, { first_name: 'Permitted' })
    const merged = async (...user: string[]) => {
      const bindings = { ROLE_PERMISSIONS: JSON.stringify({ user: ['contacts:read', ...user] }) }
      const json = { into: one.id, from: [two.id] }
      return (await serve(bindings, `${path}/merge`, { method: 'POST', token: ana.access, json })).status
    }
    expect(await merged('contacts:update')).toBe(403)
    expect(await merged('contacts:delete')).toBe(403)
    expect(await merged('contacts:update', 'contacts:delete')).toBe(200)
  })

  it('loses no change that comes at the same moment', async () => {
    const one = await add(ana, { first_name: 'Raced' })
    const from = [
      await add(ana, { first_name: 'Raced', phone: '+380 44 777 00 01' }),
      await add(ana, { first_name: 'Raced' }),
    ]
    const answers = await Promise.all([
      request(one.id, [from[0]?.id ?? 0]),
      ana.patch(`${path}/${one.id}`, { email: 'raced@example.com' }),
      request(one.id, [from[1]?.id ?? 0]),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await details(one.id)).toMatchObject({ email: 'raced@example.com', phone: '+380 44 777 00 01' })
  })
})
