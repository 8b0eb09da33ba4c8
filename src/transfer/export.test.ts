import { beforeAll, describe, expect, it } from 'vitest'
import { importFile, outcomesOf, vcard } from '../../test/imports.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { picture, upload } from '../../test/pictures.ts'

const group = vcard(
  'UID:family',
  'FN:Family',
  'N:Family;;;;',
  'X-ADDRESSBOOKSERVER-KIND:group',
  'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:oles',
)

const cards = [
  vcard('UID:oles', 'FN:Oles Honchar', 'N:Honchar;Oles;;;', 'EMAIL:oles@example.com', 'X-UNKNOWN;A=b:kept'),
  vcard('UID:old', 'FN:=HYPERLINK("x")', 'N:=HYPERLINK("x");;;;', 'TEL:+380441234567', 'NOTE:-1'),
  group,
].join('')

/** A picture that is stored apart from its vCard. */
const photo = `PHOTO;ENCODING=b;TYPE=PNG:${btoa(String.fromCharCode(...picture('png'))).padEnd(2000, 'A')}`

const exported = async (person: Person, file: string) => {
  const answer = await person.get(`/api/exports/${file}`)
  expect(answer.status, answer.text).toBe(200)
  return answer.text
}

describe('an export', () => {
  let ana: Person
  let boris: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
    boris = await signedUp('boris')
    await importFile(ana, cards)
    const { body } = await ana.post('/api/contacts', { first_name: 'Lesia', birthday: '--02-29', favorite: true })
    const { id } = body as { id: number }
    const form = upload(picture('png'))
    expect((await ana.patch(`/api/contacts/${id}/avatar`, undefined, { raw: form })).status).toBe(200)
  })

  it.each(['3.0', '4.0'])('as vCards %s and imported elsewhere gives the same bytes again', async (version) => {
    const file = `contacts.vcf?version=${version}`
    const person = await signedUp(`copy${version}`)
    const text = await exported(ana, file)
    expect(text.match(/BEGIN:VCARD/g)).toHaveLength(4)
    const report = await importFile(person, text)
    expect(outcomesOf(report)).toEqual(['added', 'added', 'added', 'added'])
    expect(await exported(person, file)).toBe(text)
  })

  it.each(['3.0', '4.0', 'stored'])(
    'as vCards %s and imported into the same account changes nothing',
    async (version) => {
      const report = await importFile(ana, await exported(ana, `contacts.vcf?version=${version}`))
      expect([...new Set(outcomesOf(report))]).toEqual(['unchanged'])
    },
  )

  it('as CSV guards cells that are formulas, and gives the same bytes after an import', async () => {
    const text = await exported(ana, 'contacts.csv')
    expect(text).toContain(`"'=HYPERLINK(""x"")"`)
    expect(text).toContain(',+380441234567')
    expect(text).toContain(",'-1,")
    const again = await importFile(ana, text, '', 'text/csv')
    expect([...new Set(outcomesOf(again))]).toEqual(['unchanged'])
    const report = await importFile(boris, text, '', 'text/csv')
    expect([...new Set(outcomesOf(report))]).toEqual(['added'])
    expect(await exported(boris, 'contacts.csv')).toBe(text)
  })

  it('as CSV has the stars of contacts with vCards, and changes nothing when imported', async () => {
    const dora = await signedUp('dora')
    const { report } = await importFile(dora, vcard('FN:Dora', 'N:;Dora;;;', photo) + vcard('FN:Eva', 'N:;Eva;;;'))
    await dora.patch(`/api/contacts/${report[0]?.contact_id}`, { favorite: true })
    const text = await exported(dora, 'contacts.csv')
    expect(text.match(/\* starred/g)).toHaveLength(1)
    expect(outcomesOf(await importFile(dora, text, '', 'text/csv'))).toEqual(['unchanged', 'unchanged'])
  })

  it('as JSON lines has each contact as its own route returns it', async () => {
    const lines = (await exported(ana, 'contacts.jsonl')).trim().split('\n')
    expect(lines).toHaveLength(3)
    for (const line of lines) {
      const contact = JSON.parse(line) as { id: number }
      expect((await ana.get(`/api/contacts/${contact.id}`)).body).toEqual(contact)
    }
  })

  it('has only the contacts of a label or a book', async () => {
    expect((await exported(ana, 'contacts.jsonl?label=Family')).trim().split('\n')).toHaveLength(1)
    await ana.post('/api/books', { slug: 'empty', name: 'Empty' })
    expect(await exported(ana, 'contacts.jsonl?book=empty')).toBe('')
    expect(await exported(ana, 'contacts.jsonl?book=contacts')).not.toBe('')
    expect((await ana.get('/api/exports/contacts.vcf?book=none')).status).toBe(422)
  })
})
