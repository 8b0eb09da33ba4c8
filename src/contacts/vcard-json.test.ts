import { beforeAll, describe, expect, it } from 'vitest'
import { problemOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { addVcard, changedLines, lines, path, photoLine, post, put, vcf } from '../../test/vcard-requests.ts'
import { contactDetailsSchema } from './schema.ts'

describe('a vCard and its JSON', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })
  const details = async (id: number) => read(contactDetailsSchema, await ana.get(`${path}/${id}`))

  it('keep the e-mails and phones of a PUT that sends their lists as they are, without the primary ones', async () => {
    const text = lines('VERSION:3.0', 'N:B;A;;;', 'FN:A B', 'EMAIL;TYPE=HOME:a@x.com', 'EMAIL:b@x.com', 'TEL:1')
    const { id, emails, phones } = await addVcard(ana, text)
    const answer = await ana.put(`${path}/${id}`, { first_name: 'A', last_name: 'B', emails, phones })
    expect(read(contactDetailsSchema, answer)).toMatchObject({ emails, phones, email: 'a@x.com', phone: '1' })
    expect(await vcf(ana, id)).toBe(text)
    // Without the lists, what is left out is empty.
    expect((await ana.put(`${path}/${id}`, { first_name: 'A', last_name: 'B' })).body).toMatchObject({ emails: [] })
  })

  it('may have a text that looks like what stands for a file', async () => {
    const forged = 'vizitka-part:1'
    const { id } = await add(ana, { first_name: 'A', custom: [{ name: 'X-A', value: forged }], additional: forged })
    for (const version of ['stored', '3.0', '4.0']) expect(await vcf(ana, id, version)).toContain(`NOTE:${forged}`)
    const text = lines('VERSION:3.0', 'FN:A', `NOTE:${forged}`, `X-FOO:${forged}`, `LOGO:${forged}`)
    const came = await addVcard(ana, text)
    expect(await details(came.id)).toMatchObject({ additional: forged, custom: [{ value: forged }] })
    expect(await vcf(ana, came.id)).toBe(text)
    expect((await ana.get('/api/users/me/export')).text.endsWith('}\n')).toBe(true)
  })

  it('read the vCard with its files while others change them', async () => {
    const card = (letter: string) => lines('VERSION:3.0', 'FN:A', 'UID:race', `LOGO;ENCODING=b:${letter.repeat(4000)}`)
    const { id } = await addVcard(ana, card('A'))
    const writers = ['B', 'C', 'D', 'E'].map((letter) => put(ana, id, card(letter)))
    const readers = Array.from({ length: 12 }, () => ana.get(`${path}/${id}.vcf?version=stored`))
    const answers = await Promise.all([...readers, ...writers])
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })

  it('change the label of one value, and not of others in its group', async () => {
    const { id } = await addVcard(
      ana,
      lines('VERSION:3.0', 'FN:A', 'item1.EMAIL:a@x.com', 'item1.TEL:12', 'item1.X-ABLabel:Boss'),
    )
    await ana.patch(`${path}/${id}`, { emails: [{ value: 'a@x.com', label: 'home' }] })
    expect(await details(id)).toMatchObject({ emails: [{ label: 'home' }], phones: [{ label: 'Boss' }] })
    await ana.patch(`${path}/${id}`, { emails: [{ value: 'a@x.com', label: 'Chief' }] })
    expect(await details(id)).toMatchObject({ emails: [{ label: 'Chief' }], phones: [{ label: 'Boss' }] })
    const two = await addVcard(ana, lines('VERSION:3.0', 'FN:A', 'item1.TEL:1', 'item1.TEL:2'))
    await ana.patch(`${path}/${two.id}`, { phones: [{ value: '1', label: 'Boss' }, { value: '2' }] })
    expect((await details(two.id)).phones.map(({ label }) => label)).toEqual(['Boss', null])
    const twice = lines('VERSION:3.0', 'FN:A', 'item1.TEL:1', 'item1.X-ABLabel:Boss', 'item1.X-ABLabel:Chief')
    const third = await addVcard(ana, twice)
    await ana.patch(`${path}/${third.id}`, { phones: [{ value: '1' }] })
    expect((await details(third.id)).phones).toEqual([{ value: '1', label: null, primary: true }])
  })

  it('hold together where the file broke off in a picture', async () => {
    const photo = photoLine('jpeg').padEnd(2500, 'A')
    const { id } = await addVcard(ana, `BEGIN:VCARD\r\nVERSION:3.0\r\nN:B;A;;;\r\nFN:A B\r\n${photo}`)
    await ana.patch(`${path}/${id}`, { phone: '+1 555' })
    expect(await vcf(ana, id)).toContain(`${photo}\r\nTEL:+1 555\r\n`)
    for (const version of ['3.0', '4.0']) {
      expect((await vcf(ana, id, version)).endsWith('END:VCARD\r\n'), version).toBe(true)
    }
    const soft = await addVcard(ana, 'BEGIN:VCARD\nN:B\nNOTE;QUOTED-PRINTABLE:abc=\nEND:VCARD\n')
    expect(soft.additional).toBe('abc')
    for (const end of ['', '\r\n']) {
      const open = await addVcard(ana, `BEGIN:VCARD\r\nVERSION:2.1\r\nN;ENCODING=QUOTED-PRINTABLE:A=${end}`)
      await ana.patch(`${path}/${open.id}`, { birthday: '1990-01-02' })
      expect(await details(open.id)).toMatchObject({ last_name: 'A', birthday: '1990-01-02' })
    }
  })

  it('never share a UID with a contact that is added later', async () => {
    const { id } = await add(ana, { first_name: 'A' })
    const [book] = (await details(id)).uid.split('-')
    for (const answer of [
      await post(ana, lines('VERSION:3.0', 'FN:B', `UID:${book}-${id + 2}`)),
      await post(ana, lines('VERSION:3.0', 'FN:B', `UID:${book}-${id + 2}`), { 'Idempotency-Key': 'future' }),
      await put(ana, id, lines('VERSION:3.0', 'FN:B', `UID:${book}-${id + 2}`)),
    ]) {
      expect(problemOf(answer)).toBe('409 uid-taken')
    }
    expect((await put(ana, id, lines('VERSION:3.0', 'FN:B', `UID:${book}-${id}`))).status).toBe(200)
  })

  it('skip who has no room for a longer label, and rename it for all others', async () => {
    const full = Array.from({ length: 13 }, (_, n) => `X-F${n}:${'f'.repeat(5000)}`)
    const filled = [...full, `X-G:${'g'.repeat(280)}`]
    const one = await addVcard(ana, lines('VERSION:3.0', 'FN:Full', 'CATEGORIES:zz', ...filled))
    await add(ana, { first_name: 'Other', labels: ['zz'] })
    const answer = await ana.patch('/api/labels/zz', { name: 'y'.repeat(100) })
    expect([answer.status, answer.body]).toEqual([200, { changed: 1, more: false, skipped: [one.id] }])
    expect(names(await ana.get(`${path}?label=${'y'.repeat(100)}`))).toContain('Other')
    expect((await details(one.id)).labels).toEqual(['zz'])
  })

  it('take a long label of a vCard by its name', async () => {
    const label = 'l'.repeat(150)
    const { id } = await addVcard(ana, lines('VERSION:3.0', 'FN:Long', `CATEGORIES:${label}`))
    expect(names(await ana.get(`${path}?label=${label}`))).toEqual(['Long'])
    expect((await ana.delete(`/api/labels/${label}`)).body).toMatchObject({ changed: 1 })
    expect((await details(id)).labels).toEqual([])
  })

  it('send back what a body may not bring, and become shorter', async () => {
    const many = Array.from({ length: 150 }, (_, n) => `X-A${n}:${n}`)
    const labels = Array.from({ length: 150 }, (_, n) => `label ${n}`)
    const org = `ORG:Co;${'u'.repeat(501)};${Array.from({ length: 21 }, (_, n) => `unit ${n}`).join(';')}`
    const text = lines('VERSION:3.0', 'N:B;A;;;', 'FN:A B', org, 'TITLE:T', `CATEGORIES:${labels.join(',')}`, ...many)
    const { id } = await addVcard(ana, text)
    expect((await ana.put(`${path}/${id}`, await details(id))).status).toBe(200)
    expect(await vcf(ana, id)).toBe(text)
    const { custom, organizations } = await details(id)
    const changed = custom.map((one, at) => (at === 3 ? { ...one, value: 'new' } : one))
    const [first] = organizations
    const answer = await ana.patch(`${path}/${id}`, { custom: changed, organizations: [{ ...first, title: 'New' }] })
    expect(answer.status, answer.text).toBe(200)
    expect(changedLines(text, await vcf(ana, id))).toEqual(['TITLE:New', 'X-A3:new'])
    expect(problemOf(await ana.patch(`${path}/${id}`, { custom: [...custom, { name: 'X-Z', value: '1' }] }))).toBe(
      '422 invalid-values',
    )
  })

  it('clean what is new in a list, and leave what is stored to the letter', async () => {
    const marked = '\u202a+380501234567\u202c'
    const { id, phones } = await addVcard(ana, lines('VERSION:3.0', 'FN:A', `TEL;TYPE=CELL:${marked}`, 'EMAIL:not one'))
    await ana.patch(`${path}/${id}`, { phones: [...phones, { value: '\uff13\uff18' }] })
    expect(await vcf(ana, id)).toContain(`TEL;TYPE=CELL:${marked}\r\n`)
    expect((await details(id)).phones[1]?.value).toBe('38')
    await ana.patch(`${path}/${id}`, { emails: [{ value: 'not one' }, { value: '\u200b new@x.com ' }] })
    expect((await details(id)).emails.map(({ value }) => value)).toEqual(['not one', 'new@x.com'])
  })

  it('change one part of a name whose last part ends in a backslash, and fold a head with a colon in quotes', async () => {
    const text = 'BEGIN:VCARD\r\nVERSION:2.1\r\nFN;X="a:b;c":a;\r\n b;c;d;e\r\nN:\\,\\;\\n\\'
    const { id } = await addVcard(ana, text)
    const answer = await ana.patch(`${path}/${id}`, { first_name: 'Ада' })
    expect(answer.body).toMatchObject({ first_name: 'Ада', last_name: ',;\n\\' })
    expect(await details(id)).toEqual(answer.body)
  })

  it('keep a text that begins as a date does', async () => {
    const value = '1990-05-05 wedding in Lviv'
    const { id } = await add(ana, { first_name: 'A', dates: [{ value, label: 'party' }] })
    expect((await details(id)).dates).toEqual([{ value, label: 'party' }])
  })

  it('are read in a time that grows with their length, whatever they fold', async () => {
    const size = 60_000
    for (const body of [
      `BEGIN:VCARD\n${'X'.repeat(size)}\n${' =\n'.repeat(size)}`,
      `BEGIN:VCARD\nX;B;${'A'.repeat(size)}:x\n${'AAAA\n'.repeat(size)}`,
      `BEGIN:VCARD\nN:A\nNOTE;ENCODING=QUOTED-PRINTABLE:${'=80é'.repeat(12_000)}\nEND:VCARD\n`,
    ]) {
      // These took half a minute each, which is more than a test may.
      expect((await post(ana, body)).status).toBeLessThan(500)
    }
  }, 20_000)
})
