import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { database, driver } from '../../test/database.ts'
import { importFile, outcomesOf, vcard } from '../../test/imports.ts'
import { signedUp } from '../../test/people.ts'
import { picture, upload } from '../../test/pictures.ts'
import { serve } from '../../test/serving.ts'
import { contacts } from '../contacts/table.ts'

/** A D1 that counts the statements that it runs, each of a batch. */
function counting() {
  const ran = { statements: 0 }
  const DB = new Proxy(env.DB, {
    get(inner, name) {
      if (name === 'prepare') {
        return (sql: string) => {
          ran.statements++
          return inner.prepare(sql)
        }
      }
      const method: unknown = Reflect.get(inner, name)
      return typeof method === 'function' ? method.bind(inner) : method
    },
  })
  return { DB, ran }
}

const member = 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:'
/** A picture that is stored apart from its vCard. */
const photo = `PHOTO;ENCODING=b;TYPE=PNG:${btoa(String.fromCharCode(...picture('png'))).padEnd(2000, 'A')}`
const people = (count: number, ...lines: string[]) =>
  Array.from({ length: count }, (_, at) => vcard(`UID:u${at}`, `FN:P${at}`, `N:P${at};;;;`, ...lines)).join('')

describe.skipIf(driver !== 'D1')('queries on the free plan of Cloudflare', () => {
  it('are fewer than 50 for an export, also of many contacts with pictures in their vCards', async () => {
    const ana = await signedUp('ana')
    await importFile(ana, people(250, photo))
    const expected = { vcf: 20, csv: 8, jsonl: 8 }
    for (const [kind, most] of Object.entries(expected)) {
      const { DB, ran } = counting()
      const response = await serve({ DB }, `/api/exports/contacts.${kind}`, { token: ana.access })
      expect((await response.text()).match(/P249/g)?.length).toBeGreaterThan(0)
      expect(ran.statements, kind).toBeLessThanOrEqual(most)
    }
  })

  it('are fewer than 50 for the request that brings a file, whatever is in it', async () => {
    const boris = await signedUp('boris')
    const group = vcard('UID:g', 'FN:G', 'N:G;;;;', 'X-ADDRESSBOOKSERVER-KIND:group', `${member}u1`, `${member}u2`)
    await importFile(boris, group + people(20, photo) + vcard('FN:Likely', 'N:Likely;;;;', 'EMAIL:l@example.com'))
    const likely = vcard('UID:l', 'FN:L', 'N:L;;;;', 'EMAIL:l@example.com', photo)
    const { DB, ran } = counting()
    const body =
      group.replace(`${member}u2`, `${member}u3`) + likely + people(110, photo, 'NOTE:new', 'TEL:+380441112233')
    const init = { method: 'POST', token: boris.access, body, headers: { 'Content-Type': 'text/vcard' } }
    const response = await serve({ DB }, '/api/imports?duplicates=merge', init)
    expect(await response.text()).toContain('"merged":1')
    expect(ran.statements).toBeLessThan(50)
  })
})

describe('a picture that is gone from the store', () => {
  it('stops no export, which is imported as it was', async () => {
    const eva = await signedUp('eva')
    const { body } = await eva.post('/api/contacts', { first_name: 'Eva' })
    const { id } = body as { id: number }
    await eva.patch(`/api/contacts/${id}/avatar`, undefined, { raw: upload(picture('png')) })
    const whole = await eva.get('/api/exports/contacts.vcf')
    const [row] = await database().select({ avatar: contacts.avatar }).from(contacts).where(eq(contacts.id, id))
    await env.CACHE.delete(`${row?.avatar}`.replace('kv:', 'avatar:'))
    const answer = await eva.get('/api/exports/contacts.vcf')
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('FN:Eva')
    expect(outcomesOf(await importFile(eva, answer.text))).toEqual(['unchanged'])
    expect(outcomesOf(await importFile(eva, whole.text))).toEqual(['updated'])
  })
})
