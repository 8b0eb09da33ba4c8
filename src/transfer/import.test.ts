import { beforeAll, describe, expect, it } from 'vitest'
import { countOf, token } from '../../test/batches.ts'
import { importFile, outcomesOf, reportOf, send, vcard } from '../../test/imports.ts'
import { type Person, signedUp } from '../../test/people.ts'

const oles = vcard('UID:oles', 'FN:Oles Honchar', 'N:Honchar;Oles;;;', 'EMAIL:oles@example.com')
const lesia = vcard('UID:lesia', 'FN:Lesia Ukrainka', 'N:Ukrainka;Lesia;;;', 'X-UNKNOWN;A=b:kept')
const unnamed = vcard('FN:Ivan Franko', 'N:Franko;Ivan;;;', 'TEL:+380441234567')

describe('an import of vCards', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  it('adds each card, and reports the line at which it begins', async () => {
    const report = await importFile(ana, `${oles}\r\n${lesia}${unnamed}`)
    expect(outcomesOf(report)).toEqual(['added', 'added', 'added'])
    expect(report.report.map(({ line }) => line)).toEqual([1, 9, 16])
    expect(report).toMatchObject({ state: 'done', done: 3, total: 3, counts: { added: 3 }, charset: 'utf-8' })
    const { text } = await ana.get(`/api/contacts/${report.report[1]?.contact_id}.vcf?version=stored`)
    expect(text).toBe(lesia)
  })

  it('changes nothing if the file comes again', async () => {
    const before = await token(ana)
    const report = await importFile(ana, `${oles}${lesia}${unnamed}`)
    expect(outcomesOf(report)).toEqual(['unchanged', 'unchanged', 'unchanged'])
    expect(await token(ana)).toBe(before)
    expect(await countOf(ana)).toBe(3)
  })

  it('updates the contact that has the UID of a card, and can be undone', async () => {
    const before = await ana.get('/api/contacts?fields=all')
    const report = await importFile(ana, oles.replace('oles@', 'o.honchar@') + vcard('UID:new', 'FN:New', 'N:New;;;;'))
    expect(outcomesOf(report)).toEqual(['updated', 'added'])
    expect((await ana.get('/api/contacts?email=o.honchar')).text).toContain('o.honchar@example.com')
    const undone = await ana.post(`/api/imports/${report.id}/undo`)
    expect(undone.body).toMatchObject({ state: 'undone', undone: 2, changed_since: 0 })
    const after = await ana.get('/api/contacts?fields=all')
    const plain = (text: string) => text.replace(/"updated_at":"[^"]*"/g, '')
    expect(plain(after.text)).toBe(plain(before.text))
    expect((await ana.post(`/api/imports/${report.id}/undo`)).body).toMatchObject({ undone: 0, changed_since: 0 })
  })

  it('compares all that a vCard without UID says, not only what CSV has columns for', async () => {
    const vera = vcard('FN:Vera', 'N:;Vera;;;', 'BDAY:1999-13-99', 'X-UNKNOWN:1')
    const other = vcard('FN:Vera', 'N:;Vera;;;', 'BDAY:1999-13-98', 'X-UNKNOWN:1')
    expect(outcomesOf(await importFile(ana, vera))).toEqual(['added'])
    expect(outcomesOf(await importFile(ana, other))).toEqual(['added'])
    expect(outcomesOf(await importFile(ana, other))).toEqual(['unchanged'])
  })

  it('only reports in a dry run', async () => {
    const before = await token(ana)
    const changed = oles.replace('oles@', 'o.honchar@')
    const cards = changed + vcard('UID:new', 'FN:New', 'N:New;;;;') + vcard('UID:new', 'FN:New 2', 'N:New 2;;;;')
    const report = await importFile(ana, cards, '?dry_run=true')
    expect(outcomesOf(report)).toEqual(['updated', 'added', 'updated'])
    expect(report.dry_run).toBe(true)
    expect(await token(ana)).toBe(before)
  })

  it('names what is no card by its line, and imports the others', async () => {
    const report = await importFile(ana, `stray\r\n${vcard('UID:a1', 'FN:A', 'N:A;;;;')}more\r\n`)
    expect(report.report.map(({ line, outcome }) => [line, outcome])).toEqual([
      [1, 'refused'],
      [2, 'added'],
      [8, 'refused'],
    ])
    expect(report.report[0]?.detail).toContain('Line 1 is in no card')
  })

  it('finds cards after byte order marks, and names a card that it leaves out', async () => {
    const joined = `\ufeff${vcard('UID:j1', 'FN:J', 'N:J;;;;')}\ufeff${vcard('UID:j2', 'FN:K', 'N:K;;;;')}`
    expect(outcomesOf(await importFile(ana, joined))).toEqual(['added', 'added'])
    const odd = 'BEGIN:VCARD\r\nUID:j3\r\nFN:L\r\nBE\r\n GIN:VCARD\r\nFN:M\r\nEND:VCARD\r\n'
    const { report } = await importFile(ana, odd)
    expect(report[0]).toMatchObject({ outcome: 'added', detail: expect.stringContaining('Line 4 begins another card') })
  })

  it('imports a large file in pieces, through answers of 202', async () => {
    const boris = await signedUp('boris')
    const cards = Array.from({ length: 230 }, (_, at) => vcard(`UID:u${at}`, `FN:P ${at}`, `N:P ${at};;;;`))
    const first = await send(boris, cards.join(''))
    expect(first.status).toBe(202)
    const { id, done, total, state } = reportOf(first)
    expect({ done, total, state }).toEqual({ done: 50, total: 230, state: 'running' })
    expect(first.headers.get('Location')).toBe(`/api/imports/${id}`)
    for (let turn = 0; turn < 3; turn++) await boris.post(`/api/imports/${id}/continue`)
    const last = reportOf(await boris.post(`/api/imports/${id}/continue`))
    expect(last).toMatchObject({ state: 'done', done: 230, counts: { added: 230 } })
    expect(await countOf(boris)).toBe(230)
    for (let turn = 0; turn < 6; turn++) await boris.post(`/api/imports/${id}/undo`)
    expect(await countOf(boris)).toBe(0)
    expect((await boris.get(`/api/imports/${id}`)).body).toMatchObject({ state: 'undone' })
  })
})
