import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { contact } from '../../test/contacts.ts'
import { database } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { picture } from '../../test/pictures.ts'
import { give } from '../../test/shown-pictures.ts'
import { addVcard, lines, path, photoLine, send, vcf } from '../../test/vcard-requests.ts'
import { parseCards } from '../cards/parse.ts'
import { readPhoto } from '../cards/photo.ts'
import { cardParts, contacts } from './table.ts'

const db = database()

describe('the picture of a vCard', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })
  const large = `PHOTO;ENCODING=b;TYPE=JPEG:${'/9j/'.repeat(600)}`
  const partsOf = (id: number) => db.select().from(cardParts).where(eq(cardParts.contact_id, id))
  const photoOf = async (id: number, version = '3.0') => {
    const [card] = parseCards(await vcf(ana, id, version))
    return card && readPhoto(card)?.octets
  }
  const isGiven = (avatar: string): boolean => !avatar.includes('/initials/')

  it('is shown, and goes out as it came', async () => {
    const text = lines('VERSION:3.0', 'N:A;;;;', 'FN:A', photoLine('png'))
    const made = await addVcard(ana, text)
    expect(isGiven(made.avatar)).toBe(true)
    const key = new URL(made.avatar).pathname.split('/').at(-1)
    expect(await env.CACHE.get(`avatar:${key}`)).not.toBeNull()
    expect(await vcf(ana, made.id, '3.0')).toContain(text.split('\r\n')[4] ?? '-')
    expect(await photoOf(made.id, '4.0')).toEqual(picture('png'))
  })

  it('stays where the same vCard comes again, goes where it comes without, and is another where that is another', async () => {
    const [first, second] = ['png', 'jpeg'] as const
    const text = (photo?: 'png' | 'jpeg') =>
      lines('VERSION:3.0', 'N:A;;;;', 'FN:A', ...(photo ? [photoLine(photo)] : []))
    const { id, avatar } = await addVcard(ana, text(first))
    const put = async (photo?: 'png' | 'jpeg') => contact(await send(ana, 'put', `${path}/${id}`, text(photo))).avatar
    expect(await put(first)).toBe(avatar)
    const other = await put(second)
    expect([isGiven(other), other === avatar]).toEqual([true, false])
    expect(isGiven(await put())).toBe(false)
  })

  it('gives way to one that is given by REST, and is gone where that is taken away', async () => {
    const { id } = await addVcard(ana, lines('VERSION:3.0', 'N:A;;;;', 'FN:A', large, 'X-OWN:1'))
    expect(await partsOf(id)).toHaveLength(1)
    await give(ana, `${path}/${id}/avatar`, picture('jpeg'))
    expect(await photoOf(id)).toEqual(picture('jpeg'))
    expect(await vcf(ana, id)).toBe(lines('VERSION:3.0', 'N:A;;;;', 'FN:A', 'X-OWN:1'))
    // Its history has the one before.
    expect(await partsOf(id)).toHaveLength(1)
    await ana.delete(`${path}/${id}/avatar`)
    expect(await vcf(ana, id, '3.0')).not.toContain('PHOTO')
  })

  it('is not fetched from elsewhere, and one that is no picture is not shown: both stay in the vCard', async () => {
    for (const photo of ['PHOTO;VALUE=uri:https://example.com/me.jpg', large, 'PHOTO;ENCODING=b:aGVsbG8=']) {
      const text = lines('VERSION:3.0', 'N:A;;;;', 'FN:A', photo)
      const { id, avatar } = await addVcard(ana, text)
      expect(isGiven(avatar), photo.split(':', 1)[0]).toBe(false)
      expect(await vcf(ana, id)).toBe(text)
    }
  })

  it('lies beside the row where it is large, once, through changes, and goes with the contact', async () => {
    const text = lines('VERSION:3.0', 'N:A;;;;', 'FN:A', large, 'item1.LOGO;ENCODING=b:AAAA', large, 'TEL:1')
    const { id } = await addVcard(ana, text)
    const [row] = await db.select().from(contacts).where(eq(contacts.id, id))
    expect(row?.card?.length).toBeLessThan(400)
    expect(await partsOf(id)).toHaveLength(1)
    await ana.patch(`${path}/${id}`, { phone: '2' })
    expect(await vcf(ana, id)).toBe(text.replace('TEL:1', 'TEL:2'))
    // A vCard that names a part as we do is taken at its word.
    const named = lines('VERSION:3.0', 'N:A;;;;', 'FN:A', `PHOTO:vizitka-part:${'0'.repeat(64)}`)
    await send(ana, 'put', `${path}/${id}`, named)
    expect(await vcf(ana, id)).toBe(named)
    await ana.delete(`${path}/${id}`)
    expect(await partsOf(id)).toHaveLength(2)
    await ana.delete(`/api/trash/${id}`)
    expect(await partsOf(id)).toEqual([])
  })
})
