import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { add } from '../../test/contacts.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { picture } from '../../test/pictures.ts'
import { addressOf, give } from '../../test/shown-pictures.ts'
import { parseCards } from '../cards/parse.ts'
import { readPhoto } from '../cards/photo.ts'
import { readFields } from '../cards/read.ts'

const oles = {
  first_name: 'Олесь',
  last_name: 'Гончар; син',
  email: 'oles@example.com',
  phone: '+380 44 123 45 67',
  birthday: '1918-04-03',
  additional: 'Two lines,\nand a \\ backslash; 👩‍👩‍👧',
  favorite: true,
}

/** What a vCard says, as fields. */
function fieldsOf(text: string) {
  const [card] = parseCards(text)
  if (!card) throw new Error('no card')
  return readFields(card)
}

describe('a contact as a vCard', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
  })
  const vcf = (id: number, query = '', headers: Record<string, string> = {}, person = ana) =>
    person.get(`/api/contacts/${id}.vcf${query}`, { headers })

  it('is a file in version 3.0 that says all its fields', async () => {
    const { id } = await add(ana, oles)
    const answer = await vcf(id)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('text/vcard; charset=utf-8')
    expect(answer.headers.get('Content-Disposition')).toBe(`attachment; filename="contact-${id}.vcf"`)
    expect(answer.headers.get('Cache-Control')).toBe('private, no-cache')
    expect(answer.headers.get('Vary')).toContain('Accept')
    expect(answer.text).toMatch(/^BEGIN:VCARD\r\nVERSION:3\.0\r\n/)
    expect(answer.text).toMatch(/\r\nEND:VCARD\r\n$/)
    expect(fieldsOf(answer.text)).toMatchObject(oles)
  })

  it('is in version 4.0 where the query or Accept asks for it, and the query counts first', async () => {
    const { id } = await add(ana, { ...oles, birthday: '--04-12' })
    const asks = { Accept: 'text/html, text/vcard; version=4.0' }
    const [byQuery, byAccept, both] = [
      await vcf(id, '?version=4.0'),
      await vcf(id, '', asks),
      await vcf(id, '?version=3.0', asks),
    ]
    expect(byQuery.text).toMatch(/^BEGIN:VCARD\r\nVERSION:4\.0\r\n/)
    expect(byQuery.text).toContain('BDAY:--0412')
    expect(fieldsOf(byQuery.text)).toMatchObject({ ...oles, birthday: '--04-12' })
    expect(byAccept.text).toBe(byQuery.text)
    expect(both.text).toMatch(/^BEGIN:VCARD\r\nVERSION:3\.0\r\n/)
    expect(fieldsOf(both.text).birthday).toBe('--04-12')
  })

  it('is sent whatever types Accept names', async () => {
    const { id } = await add(ana, oles)
    for (const Accept of ['application/json', 'text/html', 'text/vcard;version=9.9']) {
      expect((await vcf(id, '', { Accept })).text).toMatch(/^BEGIN:VCARD\r\nVERSION:3\.0/)
    }
  })

  it('is refused in a version that there is not, with a repeated version, and with other parameters', async () => {
    const { id } = await add(ana, oles)
    for (const query of ['?version=2.1', '?version=', '?version=3.0&version=4.0', '?verson=3.0']) {
      const answer = await vcf(id, query)
      expect([answer.status, answer.body]).toMatchObject([422, { code: 'invalid-values' }])
    }
  })

  it('keeps its UID through changes, and shares it with no other contact', async () => {
    const first = await add(ana, oles)
    const second = await add(ana, oles)
    const third = await add(boris, oles)
    const uid = fieldsOf((await vcf(first.id)).text).uid
    await ana.patch(`/api/contacts/${first.id}`, { last_name: 'Інший' })
    expect(fieldsOf((await vcf(first.id)).text)).toMatchObject({ uid, last_name: 'Інший' })
    expect(uid).toMatch(/^[0-9a-f]{32}-\d+$/)
    const [before, other] = [await vcf(second.id), await vcf(third.id, '', {}, boris)]
    const bookOf = (text: string) => fieldsOf(text).uid?.split('-')[0]
    expect([bookOf(before.text), fieldsOf(before.text).uid === uid]).toEqual([uid?.split('-')[0], false])
    expect(bookOf(other.text)).not.toBe(bookOf(before.text))
  })

  it('has an ETag by which it is not sent twice, and which guards a write', async () => {
    const { id } = await add(ana, oles)
    const path = `/api/contacts/${id}`
    const etag = (await vcf(id)).headers.get('ETag') ?? ''
    const other = (await vcf(id, '?version=4.0')).headers.get('ETag') ?? ''
    expect(other).not.toBe(etag)
    const same = await vcf(id, '', { 'If-None-Match': etag })
    expect([same.status, same.text, same.headers.get('ETag')]).toEqual([304, '', etag])
    expect((await vcf(id, '?version=4.0', { 'If-None-Match': etag })).status).toBe(200)
    const json = (await ana.get(path)).headers.get('ETag') ?? ''
    expect((await vcf(id, '', { 'If-Match': json })).status).toBe(200)
    expect((await ana.get(path, { headers: { 'If-Match': etag } })).status).toBe(200)
    expect((await ana.patch(path, { phone: '1' }, { headers: { 'If-Match': other } })).status).toBe(200)
    expect((await ana.patch(path, { phone: '2' }, { headers: { 'If-Match': etag } })).status).toBe(412)
    expect((await vcf(id, '', { 'If-Match': etag })).status).toBe(412)
  })

  it('is nobody else’s, and none of an id that there is not', async () => {
    const { id } = await add(ana, oles)
    expect((await vcf(id, '', {}, boris)).body).toMatchObject({ status: 404, code: 'not-found' })
    for (const path of ['999999999.vcf', '99999999999999999999.vcf', '0.vcf', 'x.vcf']) {
      expect((await ana.get(`/api/contacts/${path}`)).status, path).toBe(404)
    }
  })

  it.each(['jpeg', 'png', 'webp', 'gif'] as const)(
    'has the picture that the contact was given in it (%s)',
    async (kind) => {
      const { id } = await add(ana, oles)
      const path = `/api/contacts/${id}`
      const without = await vcf(id)
      expect(without.text).not.toContain('PHOTO')
      expect((await give(ana, `${path}/avatar`, picture(kind))).status).toBe(200)
      for (const query of ['', '?version=4.0']) {
        const { text, headers } = await vcf(id, query)
        const [card] = parseCards(text)
        expect(card && readPhoto(card)).toEqual({ mediaType: `image/${kind}`, octets: picture(kind) })
        expect(headers.get('ETag')).not.toBe(without.headers.get('ETag'))
      }
      await ana.delete(`${path}/avatar`)
      expect((await vcf(id)).text).not.toContain('PHOTO')
    },
  )

  it('is not sent without its picture while the store of pictures does not have it', async () => {
    const { id } = await add(ana, oles)
    const path = `/api/contacts/${id}`
    const address = addressOf(await give(ana, `${path}/avatar`, picture('png')))
    await env.CACHE.delete(`avatar:${address.split('/').at(-1)}`)
    expect((await vcf(id)).body).toMatchObject({ status: 503, code: 'avatar-store-unavailable' })
    expect((await ana.get(path)).status).toBe(200)
  })
})
