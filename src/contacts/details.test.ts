import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { pointersOf, problemOf, read } from '../../test/client.ts'
import { names } from '../../test/contacts.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { addVcard, changedLines, lines, path, vcf } from '../../test/vcard-requests.ts'
import { detailExample, detailNames, plainDetails } from './details.ts'
import { contactDetailsSchema } from './schema.ts'

describe('the details of a contact', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })
  const create = async (body: object) => {
    const answer = await ana.post(path, body)
    expect(answer.status, answer.text).toBe(201)
    return read(contactDetailsSchema, answer)
  }
  const change = async (method: 'put' | 'patch', id: number, body: object) => {
    const answer = await ana[method](`${path}/${id}`, body)
    expect(answer.status, answer.text).toBe(200)
    return read(contactDetailsSchema, answer)
  }
  const show = async (id: number) => read(contactDetailsSchema, await ana.get(`${path}/${id}`))

  it('come back as they were sent, all of them, and q finds what they say', async () => {
    const made = await create({ first_name: 'Олесь', last_name: 'Гончар', ...detailExample })
    expect(made).toMatchObject({ ...detailExample, email: 'oles@example.com', phone: '+380 44 123 45 67' })
    expect(await show(made.id)).toEqual(made)
    for (const q of ['редактор', 'friends', 'валентина', 'хрещатик', 'олько', 'jabber']) {
      expect(names(await ana.get(`${path}?q=${encodeURIComponent(q)}`)), q).toEqual(
        q === 'jabber' ? [] : ['Олесь Гончар'],
      )
    }
    expect(await vcf(ana, made.id)).toContain('X-FOO:bar\r\n')
    // A list shows less.
    const [listed] = (await ana.get(`${path}?q=редактор`)).body as object[]
    for (const name of detailNames) expect(listed).not.toHaveProperty(name)
    await ana.delete(`${path}/${made.id}`)
  })

  it('of a contact that has none say what its fields say, and sending them back changes nothing', async () => {
    const made = await create({ first_name: 'Ada', email: 'ada@example.com', phone: '1' })
    expect(made).toMatchObject(plainDetails({ email: 'ada@example.com', phone: '1' }))
    const same = await change('put', made.id, made)
    expect(same).toEqual({ ...made, updated_at: same.updated_at })
    // It still is its fields alone: its vCard is made anew.
    expect(await vcf(ana, made.id)).toContain('REV:')
    expect(await change('patch', made.id, { email: 'new@example.com' })).toMatchObject({
      emails: [{ value: 'new@example.com', label: null, primary: true }],
    })
    expect(await change('put', made.id, { ...made, email: 'new@example.com', emails: [] })).toMatchObject({
      email: null,
      emails: [],
    })
  })

  it('stay where they are not named, in PUT, too; a list that is named replaces that list, and null empties it', async () => {
    const { id } = await create({ first_name: 'Олесь', ...detailExample })
    const { email, emails, ...others } = detailExample as typeof detailExample & { email?: string }
    expect(
      await change('put', id, {
        first_name: 'Олесь',
        email: 'oles@example.com',
        phone: detailExample.phones[0]?.value,
      }),
    ).toMatchObject(detailExample)
    const two = [
      { value: 'b@example.com', label: 'work', primary: true },
      { value: 'oles@example.com', label: 'home', primary: false },
    ]
    expect(
      await change('put', id, { first_name: 'Олесь', emails: two, phone: detailExample.phones[0]?.value }),
    ).toMatchObject({ ...others, emails: two, email: 'b@example.com' })
    expect(await change('patch', id, { labels: null, name: { nickname: null } })).toMatchObject({
      ...{ labels: [], emails: two, name: { nickname: null } },
    })
    expect(await change('patch', id, { email: null })).toMatchObject({ email: null, emails: [] })
  })

  it('change one line of a vCard for one value, and leave all others', async () => {
    const text = lines(
      ...['VERSION:3.0', 'N:A;B;;;', 'FN:B A', 'item1.TEL;type=pref:1', 'item1.X-ABLabel:_$!<Other>!$_'],
      ...['TEL;TYPE=CELL;X-KEEP=1:2', 'ADR;TYPE=HOME:;;Street;City;;;', 'X-OWN;A=b:1', 'ORG:Acme;Unit'],
    )
    const { id } = await addVcard(ana, text)
    const { phones } = await show(id)
    expect(phones).toEqual([
      { value: '1', label: 'other', primary: true },
      { value: '2', label: 'mobile', primary: false },
    ])
    await change('patch', id, { phones: phones.map((one) => (one.value === '2' ? { ...one, value: '22' } : one)) })
    const after = await vcf(ana, id)
    expect(changedLines(text, after)).toEqual(['TEL;TYPE=CELL;X-KEEP=1:22'])
    const { addresses } = await show(id)
    await change('patch', id, { addresses: [{ ...addresses[0], city: 'Town' }] })
    expect(changedLines(after, await vcf(ana, id))).toEqual(['ADR;TYPE=HOME:;;Street;Town;;;'])
    const whole = await vcf(ana, id)
    await change('put', id, await show(id))
    expect(await vcf(ana, id)).toBe(whole)
  })

  it('are refused where they contradict one another or are too many, by the member', async () => {
    const { id } = await create({ first_name: 'Ada', emails: [{ value: 'a@example.com' }, { value: 'b@example.com' }] })
    const at = `${path}/${id}`
    const before = await show(id)
    const many = Array.from({ length: 101 }, (_, n) => ({ value: `https://${n}.example` }))
    const wrong: [object, string][] = [
      [{ email: 'c@example.com', emails: [{ value: 'd@example.com' }] }, '/email'],
      [
        {
          emails: [
            { value: 'x@example.com', primary: true },
            { value: 'y@example.com', primary: true },
          ],
        },
        '/emails',
      ],
      [{ emails: [{ value: 'no address' }] }, '/emails/0/value'],
      [{ emails: ['a@example.com'] }, '/emails/0'],
      [{ emails: [{ value: 'a@example.com', kind: 1 }] }, '/emails/0/kind'],
      [{ phones: [{ value: '*22#' }] }, '/phones/0/value'],
      [{ urls: many }, '/urls'],
      [{ labels: ['x'.repeat(101)] }, '/labels/0'],
      [{ custom: [{ name: 'TEL', value: '1' }] }, '/custom/0/name'],
      [{ custom: [{ name: 'X-SPOUSE', value: '1' }] }, '/custom/0/name'],
      [{ name: { first: 'A' } }, '/name/first'],
      [{ organizations: [{ units: 'A' }] }, '/organizations/0/units'],
      [{ labels: {} }, '/labels'],
      [{ custom: Array.from({ length: 20 }, (_, n) => ({ name: `X-${n}`, value: 'x'.repeat(4000) })) }, ''],
    ]
    for (const [body, pointer] of wrong) {
      expect(
        pointersOf(await ana.patch(at, body)),
        JSON.stringify(body).length < 200 ? JSON.stringify(body) : pointer,
      ).toEqual([pointer])
      expect(pointersOf(await ana.post(path, { first_name: 'A', ...body }))).toEqual([pointer])
    }
    expect(await show(id)).toEqual(before)
  })

  it('are not refused where they are as they are stored, however odd', async () => {
    const long = 'x'.repeat(6000)
    const { id } = await addVcard(
      ana,
      lines(
        'VERSION:3.0',
        'FN:A',
        'N:A;;;;',
        'EMAIL:not an address',
        'TEL:*21#',
        `X-LONG:${long}`,
        'EMAIL:b@example.com',
      ),
    )
    const json = await show(id)
    const { emails, phones } = json
    const text = await vcf(ana, id)
    await change('put', id, json)
    expect(await vcf(ana, id)).toBe(text)
    expect(
      await change('patch', id, { emails: emails.toReversed().map((one) => ({ ...one, primary: !one.primary })) }),
    ).toMatchObject({
      email: 'b@example.com',
    })
    expect(pointersOf(await ana.patch(`${path}/${id}`, { phones: [...phones, { value: '*22#' }] }))).toEqual([
      '/phones/1/value',
    ])
    expect(problemOf(await ana.patch(`${path}/0`, { phones }))).toBe('404 not-found')
  })

  it('say after a write what was asked, whatever it is, and again when they are sent back', async () => {
    const value = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text) && text.trim().length > 0)
      .map((text) => text.normalize('NFC').trim())
    const label = fc.option(fc.constantFrom('home', 'work', 'mobile', 'моє; своє', 'Ко, ма'), { nil: null })
    const labeled = fc.array(fc.record({ value, label }), { maxLength: 3 })
    const details = fc.record(
      {
        urls: labeled,
        relations: labeled,
        labels: fc.uniqueArray(value, { maxLength: 3 }),
        organizations: fc.array(
          fc.record({ name: value, units: fc.array(value, { maxLength: 2 }), title: value, role: fc.constant(null) }),
          { maxLength: 2 },
        ),
        custom: fc.array(fc.record({ name: fc.constantFrom('X-FOO', 'X-Bar'), value, label }), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    )
    const { id } = await create({ first_name: 'Any' })
    await fc.assert(
      fc.asyncProperty(details, async (sent) => {
        const answer = await ana.patch(`${path}/${id}`, sent)
        expect(answer.status, answer.text).toBe(200)
        const json = read(contactDetailsSchema, answer)
        expect(json).toMatchObject(sent)
        const text = await vcf(ana, id)
        await change('put', id, json)
        expect(await vcf(ana, id)).toBe(text)
      }),
      { numRuns: 60, seed: 20261127 },
    )
  })
})
