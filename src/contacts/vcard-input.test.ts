import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemOf, read } from '../../test/client.ts'
import { add, contact, names } from '../../test/contacts.ts'
import { database } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { addVcard, changedLines, faults, lines, path, photoLine, post, send, vcf } from '../../test/vcard-requests.ts'
import { files, texts } from '../../test/vcards.ts'
import { decodeCards } from '../cards/decode.ts'
import { parseCards } from '../cards/parse.ts'
import { readFields } from '../cards/read.ts'
import { contacts } from './table.ts'

const db = database()

const rich = lines(
  'VERSION:3.0',
  'PRODID:-//Apple Inc.//iOS 17.0//EN',
  'UID:rich-1',
  'N:Гончар;Олесь;Терентійович;;',
  'FN:Гончар Олесь',
  'NICKNAME:Олько',
  'EMAIL;type=INTERNET;type=HOME;type=pref:oles@example.com',
  'item1.EMAIL;type=INTERNET:work@example.org',
  'item1.X-ABLabel:_$!<Other>!$_',
  'TEL;type=CELL:*21#',
  'TEL;type=HOME:+380 44 765 43 21',
  'ORG:Дім книги;Відділ',
  'ADR;type=HOME:;;Хрещатик 1;Київ;;01001;Україна',
  'BDAY:1918-04-03',
  `NOTE:${'long '.repeat(1200)}`,
  'CATEGORIES:Friends,Writers',
  'X-FOO;X-BAR="a;b":baz',
)

describe('a contact that came as a vCard', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })

  it('comes back line for line, whatever program wrote it, and says in JSON what it says', async () => {
    for (const [name, text] of Object.entries(texts)) {
      const { id, full_name, email, phone, birthday } = await addVcard(boris, text)
      expect(await vcf(boris, id), name).toBe(text)
      const [card] = parseCards(text)
      expect(card && readFields(card), name).toMatchObject({ full_name, email, phone, birthday })
    }
  })

  it('is stored in UTF-8 in whatever charset it came, and each of its lines is there', async () => {
    for (const [name, octets] of Object.entries(files)) {
      const { id } = await addVcard(boris, octets)
      expect(await vcf(boris, id), name).toBe(decodeCards(octets))
    }
    const latin = Uint8Array.from(
      [...lines('VERSION:3.0', 'N:M\xfcller;;;;', 'FN:M\xfcller')].map((c) => c.charCodeAt(0)),
    )
    const { last_name } = contact(await post(ana, latin, { 'Content-Type': 'text/vcard; charset=iso-8859-1' }))
    expect(last_name).toBe('Müller')
  })

  it('says in JSON what its lines say, is found by all of it, and keeps every line', async () => {
    const made = await addVcard(ana, rich)
    expect(made).toMatchObject({
      ...{ first_name: 'Олесь', last_name: 'Гончар', full_name: 'Гончар Олесь', email: 'oles@example.com' },
      ...{ phone: '*21#', birthday: '1918-04-03', favorite: false },
    })
    expect(await vcf(ana, made.id)).toBe(rich)
    expect(await vcf(ana, made.id, '3.0')).toBe(rich)
    for (const q of ['work@example.org', '765 43 21', 'дім', 'олько', 'хрещатик', 'writers', 'baz', 'гонч']) {
      expect(names(await ana.get(`${path}?q=${encodeURIComponent(q)}`)), q).toEqual(['Гончар Олесь'])
    }
    expect(await vcf(ana, made.id, '4.0')).toMatch(/^BEGIN:VCARD\r\nVERSION:4\.0\r\n/)
    await ana.delete(`${path}/${made.id}`)
  })

  it('is read as a vCard at its own address where Accept prefers that, and as JSON elsewhere', async () => {
    const { id } = await addVcard(ana, lines('VERSION:3.0', 'N:A;B;;;', 'FN:B A', 'X-OWN:1'))
    const types = async (Accept: string) => {
      const answer = await ana.get(`${path}/${id}`, { headers: { Accept } })
      expect(answer.headers.get('Vary')).toContain('Accept')
      return answer.headers.get('Content-Type')
    }
    expect(await types('text/vcard')).toBe('text/vcard; charset=utf-8')
    expect(await types('text/vcard, application/json;q=0.5')).toBe('text/vcard; charset=utf-8')
    for (const Accept of ['*/*', 'application/json', 'text/html', 'application/json, text/vcard;q=0.9']) {
      expect(await types(Accept), Accept).toBe('application/json')
    }
    const answer = await ana.get(`${path}/${id}`, { headers: { Accept: 'text/vcard; version=4.0' } })
    expect(answer.text).toContain('VERSION:4.0')
    expect(answer.text).toContain('X-OWN:1')
  })

  it('loses nothing by a client that knows today’s members alone: read, change one, put back', async () => {
    const { id } = await addVcard(ana, rich.replace('UID:rich-1\r\n', ''))
    const before = await vcf(ana, id)
    const json = (await ana.get(`${path}/${id}`)).body as Record<string, unknown>
    const same = await ana.put(`${path}/${id}`, json)
    expect([same.status, await vcf(ana, id)]).toEqual([200, before])
    const changes = { birthday: '1918-04-04', email: 'new@example.com', first_name: 'Олександр', phone: '+380 1' }
    let text = before
    for (const [member, value] of Object.entries(changes)) {
      const now = (await ana.get(`${path}/${id}`)).body as Record<string, unknown>
      expect((await ana.put(`${path}/${id}`, { ...now, [member]: value })).status, member).toBe(200)
      const after = await vcf(ana, id)
      // The name is said by N and by FN.
      expect(changedLines(text, after), member).toHaveLength(member === 'first_name' ? 2 : 1)
      expect(contact(await ana.get(`${path}/${id}`))).toMatchObject({ [member]: value })
      text = after
    }
    await ana.patch(`${path}/${id}`, { favorite: true })
    expect(await vcf(ana, id)).toBe(text)
    expect(await vcf(ana, id, '3.0')).toContain('X-VIZITKA-FAVORITE:1\r\n')
    await ana.delete(`${path}/${id}`)
  })

  it('is refused only what differs from what is stored, and says which', async () => {
    const { id } = await addVcard(ana, rich.replace('UID:rich-1\r\n', ''))
    const at = `${path}/${id}`
    const before = await vcf(ana, id)
    expect((await ana.patch(at, { phone: '*21#', additional: 'short' })).status).toBe(200)
    expect(faults(await ana.patch(at, { phone: '*22#' }))).toEqual(['/phone'])
    expect(faults(await ana.put(at, { first_name: 'A', phone: '*21#', email: 'no', colour: 1 }))).toEqual([
      '/email',
      '/colour',
    ])
    expect(faults(await ana.put(at, { phone: '*21#' }))).toEqual(['/first_name'])
    expect(faults(await ana.put(at, { first_name: 'A', phone: '*21#', favorite: 'yes' }))).toEqual(['/favorite'])
    expect(changedLines(before, await vcf(ana, id))).toEqual(['NOTE:short'])
    // What is wrong is said of nobody else's contact, nor of one that there is not.
    expect((await boris.patch(at, { phone: '*21#' })).status).toBe(404)
    await ana.delete(at)
  })

  it('is replaced by a vCard, keeps its id and its UID, and obeys If-Match', async () => {
    const { id } = await add(ana, { first_name: 'Ada', phone: '1', favorite: true })
    const uid = parseCards(await vcf(ana, id)).map((card) => readFields(card).uid)
    const text = lines('VERSION:4.0', 'FN:Ada King', 'N:King;Ada;;;', 'X-OWN:1')
    const etag = (await ana.get(`${path}/${id}`)).headers.get('ETag') ?? ''
    const put = (headers: object) => send(ana, 'put', `${path}/${id}`, text, headers)
    expect(contact(await put({ 'If-Match': etag }))).toMatchObject({
      id,
      last_name: 'King',
      phone: null,
      favorite: true,
    })
    expect(problemOf(await put({ 'If-Match': etag }))).toBe('412 changed-meanwhile')
    expect(await vcf(ana, id)).toBe(text)
    expect(parseCards(await vcf(ana, id, '4.0')).map((card) => readFields(card).uid)).toEqual(uid)
    expect((await send(boris, 'put', `${path}/${id}`, text)).status).toBe(404)
    expect(await vcf(ana, id)).toBe(text)
  })

  it('has its UID for itself: another of the same book is refused it, and another person is not', async () => {
    const text = lines('VERSION:3.0', 'UID:same', 'N:A;;;;', 'FN:A')
    const first = await addVcard(ana, text)
    const second = await post(ana, text)
    expect([problemOf(second), (second.body as { contact: number }).contact]).toEqual(['409 uid-taken', first.id])
    await addVcard(boris, text)
    // One that the service gave is taken, too.
    const made = await add(ana, { first_name: 'Ada' })
    expect(problemOf(await post(ana, await vcf(ana, made.id, '3.0')))).toBe('409 uid-taken')
    expect(problemOf(await send(ana, 'put', `${path}/${made.id}`, text))).toBe('409 uid-taken')
    expect((await send(ana, 'put', `${path}/${first.id}`, text)).status).toBe(200)
    const sent = Array.from({ length: 6 }, () => post(ana, lines('VERSION:3.0', 'UID:at-once', 'N:A;;;;', 'FN:A')))
    const statuses = (await Promise.all(sent)).map(({ status }) => status).sort()
    expect(statuses).toEqual([201, 409, 409, 409, 409, 409])
  })

  it('is added once under an Idempotency-Key', async () => {
    const key = { 'Idempotency-Key': 'vcard' }
    const text = lines('VERSION:3.0', 'UID:once', 'N:Once;;;;', 'FN:Once', photoLine('png'))
    const first = contact(await post(ana, text, key))
    expect(contact(await post(ana, text, key))).toMatchObject({ id: first.id })
    expect(problemOf(await post(ana, text.replace('FN:Once', 'FN:Twice'), key))).toBe('422 idempotency-key-reused')
  })

  it('is a favourite if it says so, or if its name begins so', async () => {
    const star = lines('VERSION:3.0', 'N:A;;;;', 'FN:A', 'X-VIZITKA-FAVORITE:1')
    const { id, favorite } = await addVcard(ana, star)
    expect(favorite).toBe(true)
    await ana.patch(`${path}/${id}/favorite`, { favorite: false })
    expect(await vcf(ana, id, '3.0')).not.toContain('FAVORITE')
  })

  it('is refused where it is no vCard, by the line', async () => {
    const bad: [string, string, string][] = [
      ['', '422 invalid-values', ''],
      ['hello', '422 invalid-vcard', 'line/1'],
      [`${lines('VERSION:3.0', 'FN:A')}stray\r\n`, '422 invalid-vcard', 'line/5'],
      [lines('VERSION:3.0', 'FN:A', 'NOTE:\0'), '422 invalid-vcard', 'line/4'],
      [lines(...Array.from({ length: 101 }, (_, n) => `TEL:${n}`)), '422 invalid-vcard', 'line/102'],
      [lines(...Array.from({ length: 1001 }, (_, n) => `X-${n}:1`)), '422 invalid-vcard', 'line/1001'],
      [lines('FN:A', `NOTE:${'x'.repeat(70_000)}`), '422 invalid-vcard', 'line/3'],
    ]
    for (const [text, problem, pointer] of bad) {
      const answer = await post(ana, text)
      expect(problemOf(answer), text.split('\r\n', 3).join(' ')).toBe(problem)
      expect(faults(answer)).toEqual([pointer])
    }
    expect(problemOf(await post(ana, lines('FN:A') + lines('FN:B')))).toBe('422 several-vcards')
    expect(problemOf(await post(ana, lines('FN:A', `X-A:${'x'.repeat(1_000_000)}`)))).toBe('413 too-large')
    expect(problemOf(await post(ana, lines('FN:A'), { 'Content-Type': 'text/plain' }))).toBe(
      '415 unsupported-media-type',
    )
  })

  it('of thousands of accents on one letter is stored whole, and what it is searched by has few of them', async () => {
    // Normalizing so many takes seconds; marks that nobody can see stand between some.
    const accents = `a${`${'\u0316\u0301'.repeat(10)}\u200d`.repeat(600)}`
    const text = lines('VERSION:3.0', `N:${accents};;;;`, `FN:${accents}`, 'CATEGORIES:x', 'TEL:1')
    const { id } = await addVcard(ana, text)
    expect(await vcf(ana, id)).toBe(text)
    const [row] = await db.select().from(contacts).where(eq(contacts.id, id))
    for (const key of [row?.search_key, row?.name_key, row?.first_name_key, row?.last_name_key]) {
      expect(key?.length).toBeLessThan(200)
    }
    await ana.delete(`${path}/${id}`)
  })

  it('is in the export, with its pictures', async () => {
    const person = await signedUp('export')
    const text = lines('VERSION:3.0', 'N:A;;;;', 'FN:A', 'X-OWN:1', `NOTE:${'ї'.repeat(500)}`, photoLine('png'))
    const { id } = await addVcard(person, text)
    await add(person, { first_name: 'Plain' })
    const exported = read(
      z.looseObject({ vcards: z.array(z.object({ contact: z.number(), vcard: z.string() })) }),
      await person.get('/api/users/me/export'),
    )
    expect(exported.vcards).toEqual([{ contact: id, vcard: text }])
  })
})
