import { env } from 'cloudflare:workers'
import { eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { countOf, token } from '../../test/batches.ts'
import { pointersOf, problemOf } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { insertedImport } from '../../test/import-cases.ts'
import { importFile, outcomesOf, reportOf, send, vcard } from '../../test/imports.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { picture, upload } from '../../test/pictures.ts'
import { serve } from '../../test/serving.ts'
import { services } from '../../test/use-cases.ts'
import { runScheduled } from '../schedule.ts'
import { startImport } from './start-import.ts'
import { importEntries, importPieces, imports } from './table.ts'

const db = database()
const card = (uid: string, name: string, ...lines: string[]) =>
  vcard(`UID:${uid}`, `FN:${name}`, `N:${name};;;;`, ...lines)
const photo = `PHOTO;ENCODING=b;TYPE=PNG:${btoa(String.fromCharCode(...picture('png')))}`
const many = (count: number) => Array.from({ length: count }, (_, at) => card(`u${at}`, `P${at}`)).join('')

const requestOf = ({ id: ownerId }: Person, file: string) => ({
  ...{ ownerId, octets: new TextEncoder().encode(file), format: 'vcard' as const },
  author: { kind: 'session' as const, id: 1, name: null },
  ...{ isDryRun: false, book: 'contacts', duplicates: 'add' as const },
})

describe('an import', () => {
  let ana: Person
  beforeAll(async () => {
    ana = await signedUp('ana')
  })

  it('shows the picture of a card, and keeps an uploaded one that the card does not replace', async () => {
    const { report } = await importFile(ana, card('photo', 'Photo', photo))
    const path = `/api/contacts/${report[0]?.contact_id}`
    expect((await ana.get(path)).text).not.toContain('/avatars/initials/')
    expect((await ana.get(`${path}.vcf?version=stored`)).text).toContain(photo)
    const other = await importFile(ana, card('plain', 'Plain'))
    const plain = `/api/contacts/${other.report[0]?.contact_id}`
    const form = new FormData()
    form.append('file', new File([picture('png')], 'face.png', { type: 'image/png' }))
    await ana.patch(`${plain}/avatar`, undefined, { raw: form })
    const updated = await importFile(ana, card('plain', 'Plain', 'NOTE:new'))
    expect(outcomesOf(updated)).toEqual(['updated'])
    const { text } = await ana.get(plain)
    expect(text).toContain('"additional":"new"')
    expect(text).not.toContain('/avatars/initials/')
    await ana.post(`/api/imports/${updated.id}/undo`)
    expect((await ana.get(plain)).text).not.toContain('/avatars/initials/')
  })

  it('labels the members of groups, whichever comes first, and undoes that too', async () => {
    const boris = await signedUp('boris')
    const family = (uid: string, member: string) =>
      vcard(
        `UID:${uid}`,
        `FN:${uid}`,
        `N:${uid};;;;`,
        'X-ADDRESSBOOKSERVER-KIND:group',
        `X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:${member}`,
      )
    const report = await importFile(boris, family('Before', 'm') + card('m', 'Member') + family('After', 'm'))
    expect(outcomesOf(report)).toEqual(['added', 'added', 'added'])
    const { text } = await boris.get(`/api/contacts/${report.report[1]?.contact_id}`)
    expect(text).toContain('"labels":["Before","After"]')
    expect((await boris.post(`/api/imports/${report.id}/undo`)).body).toMatchObject({ undone: 3, changed_since: 0 })
    expect(await countOf(boris)).toBe(0)
    expect((await boris.get('/api/labels')).body).toEqual([])
  })

  it('imports CSV by its columns, and says of each line what became of it', async () => {
    const csv = 'First Name;Last Name;E-mail;Lieblingsfarbe\r\nОлесь;Гончар;oles@example.com;rot\r\n;;;\r\n;;;blau\r\n'
    const report = await importFile(ana, csv, '', 'text/csv')
    expect(report).toMatchObject({ format: 'csv', counts: { added: 1, refused: 1 } })
    expect(report.report.map(({ line }) => line)).toEqual([2, 4])
    expect(report.report[0]?.detail).toContain('Lieblingsfarbe')
    const { text } = await ana.get(`/api/contacts/${report.report[0]?.contact_id}`)
    expect(text).toContain('rot')
  })

  it('takes a file from a form, with a mapping of columns', async () => {
    const form = new FormData()
    form.append('file', new File(['Wer;Handy\r\nIvan;+380441112233\r\n'], 'leute.csv'))
    form.append('mapping', JSON.stringify({ Wer: 'full_name', Handy: 'phone:mobile' }))
    const answer = await ana.post('/api/imports?dry_run=true', undefined, { raw: form })
    expect(reportOf(answer).counts.added).toBe(1)
    const wrong = new FormData()
    wrong.append('file', new File(['Wer;Handy\r\nIvan;1\r\n'], 'leute.csv'))
    wrong.append('mapping', 'Wer')
    expect(pointersOf(await ana.post('/api/imports', undefined, { raw: wrong }))).toEqual(['/mapping'])
    expect(pointersOf(await ana.post('/api/imports', undefined, { raw: new FormData() }))).toEqual(['/file'])
  })

  it('offers a card of somebody who seems to be there already, skips it, or merges it', async () => {
    const vera = await signedUp('vera')
    const { body } = await vera.post('/api/contacts', { first_name: 'Vera', email: 'vera@example.com', phone: '1' })
    const { id } = body as { id: number }
    const file = card('x', 'V. Kholodna', 'EMAIL:Vera@Example.com', 'TEL:+380441112233', photo)
    expect((await importFile(vera, file, '?dry_run=true')).report[0]).toMatchObject({
      outcome: 'added',
      duplicate_of: id,
    })
    expect((await importFile(vera, file, '?duplicates=skip')).report[0]).toMatchObject({
      outcome: 'skipped',
      duplicate_of: id,
    })
    const merged = await importFile(vera, file, '?duplicates=merge')
    expect(merged.report[0]).toMatchObject({ outcome: 'merged', contact_id: id, duplicate_of: id })
    const { text } = await vera.get(`/api/contacts/${id}`)
    for (const part of ['Vera', 'Kholodna', '+380441112233', '"phone":"1"']) expect(text).toContain(part)
    expect(text).not.toContain('/avatars/initials/')
    expect((await vera.get(`/api/contacts/${id}.vcf?version=stored`)).text).toContain(photo)
    expect(outcomesOf(await importFile(vera, file, '?duplicates=merge'))).toEqual(['unchanged'])
    await vera.post(`/api/imports/${merged.id}/undo`)
    expect((await vera.get(`/api/contacts/${id}`)).text).not.toContain('Kholodna')
  })

  it('merges nothing that a contact says already, and no picture into one that has another', async () => {
    const nora = await signedUp('nora')
    const { body } = await nora.post('/api/contacts', { first_name: 'Nora', email: 'nora@example.com' })
    const { id } = body as { id: number }
    await nora.patch(`/api/contacts/${id}/avatar`, undefined, { raw: upload(picture('png')) })
    const avatar = (await nora.get(`/api/contacts/${id}`)).text.match(/"avatar[^,]*/)?.[0]
    const before = await token(nora)
    const again = await importFile(nora, vcard('FN:Nora', 'N:;Nora;;;', 'EMAIL:Nora@example.com'), '?duplicates=merge')
    expect(again.report[0]).toMatchObject({ outcome: 'unchanged', contact_id: id })
    expect(await token(nora)).toBe(before)
    const { report } = await importFile(nora, card('n', 'N', 'EMAIL:nora@example.com', photo), '?duplicates=merge')
    expect(report[0]).toMatchObject({ outcome: 'merged', contact_id: id })
    expect(report[0]?.detail).toContain('picture is left out')
    expect((await nora.get(`/api/contacts/${id}`)).text).toContain(avatar)
  })

  it('is undone but for contacts that were changed since', async () => {
    const report = await importFile(ana, card('c1', 'One') + card('c2', 'Two'))
    await ana.patch(`/api/contacts/${report.report[0]?.contact_id}`, { additional: 'mine' })
    expect((await ana.post(`/api/imports/${report.id}/undo`)).body).toMatchObject({ undone: 1, changed_since: 1 })
    expect((await ana.get(`/api/contacts/${report.report[0]?.contact_id}`)).status).toBe(200)
    expect((await ana.get(`/api/contacts/${report.report[1]?.contact_id}`)).status).toBe(404)
    expect(reportOf(await ana.get(`/api/imports/${report.id}`)).report.map(({ undo }) => undo)).toEqual([
      'changed-since',
      'undone',
    ])
  })

  it('leaves stars that were set since, and takes back its own, when it is undone', async () => {
    const starred = 'X-VIZITKA-FAVORITE:1'
    const first = await importFile(ana, card('s1', 'One') + card('s2', 'Two'))
    const report = await importFile(ana, card('s1', 'One', 'NOTE:a') + card('s2', 'Two', 'NOTE:b', starred))
    const [one, two] = first.report.map(({ contact_id }) => `/api/contacts/${contact_id}`)
    await ana.patch(`${one}`, { favorite: true })
    expect((await ana.post(`/api/imports/${report.id}/undo`)).body).toMatchObject({ undone: 2, changed_since: 0 })
    expect((await ana.get(`${one}`)).body).toMatchObject({ favorite: true, additional: null })
    expect((await ana.get(`${two}`)).body).toMatchObject({ favorite: false })
  })

  it('leaves a contact that was changed between two of its cards, when it is undone', async () => {
    const lina = await signedUp('lina')
    const file = card('b', 'First') + many(260) + card('b', 'Last')
    let report = reportOf(await send(lina, file))
    const path = `/api/contacts/${report.report[0]?.contact_id}`
    await lina.patch(path, { additional: 'mine' })
    while (report.state === 'running') report = reportOf(await lina.post(`/api/imports/${report.id}/continue`))
    let undone = await lina.post(`/api/imports/${report.id}/undo`)
    while (undone.text.includes('"undoing"')) undone = await lina.post(`/api/imports/${report.id}/undo`)
    expect((await lina.get(path)).body).toMatchObject({ last_name: 'Last' })
    expect(await countOf(lina)).toBe(1)
  })

  it('of a card that comes twice in a file updates the contact, and is undone as a whole', async () => {
    const report = await importFile(ana, card('twice', 'First') + card('twice', 'Second'))
    expect(outcomesOf(report)).toEqual(['added', 'updated'])
    const path = `/api/contacts/${report.report[0]?.contact_id}`
    expect((await ana.get(path)).text).toContain('Second')
    expect((await ana.post(`/api/imports/${report.id}/undo`)).body).toMatchObject({ undone: 2, changed_since: 0 })
    expect((await ana.get(path)).status).toBe(404)
  })

  it('does nothing twice, whoever goes on with it at once, and cron ends what a client leaves', async () => {
    const petro = await signedUp('petro')
    const { id } = reportOf(await send(petro, many(260)))
    await Promise.all([1, 2, 3].map(() => petro.post(`/api/imports/${id}/continue`)))
    for (let turn = 0; turn < 5; turn++) {
      await db.update(imports).set({ updated_at: '2026-01-01T00:00:00.000Z' }).where(eq(imports.id, id))
      await runScheduled('* * * * *', env)
    }
    expect(reportOf(await petro.get(`/api/imports/${id}`))).toMatchObject({ state: 'done', done: 260 })
    expect(await countOf(petro)).toBe(260)
    expect(await db.select().from(importPieces).where(eq(importPieces.import_id, id))).toEqual([])
  })

  it('is continued by cron even if another one, which has waited longer, always fails', async () => {
    const olha = await signedUp('olha')
    const [broken, whole] = [reportOf(await send(olha, many(120))).id, reportOf(await send(olha, many(120))).id]
    const late = sql`'2026-01-0' || (1 + (${imports.id} = ${whole})) || 'T00:00:00.000Z'`
    await db.update(imports).set({ updated_at: late }).where(eq(imports.owner_id, olha.id))
    await db.update(importPieces).set({ content: 'broken' }).where(eq(importPieces.import_id, broken))
    for (let turn = 0; turn < 2; turn++) await runScheduled('* * * * *', env).catch(() => undefined)
    expect(reportOf(await olha.get(`/api/imports/${whole}`)).done).toBeGreaterThan(50)
    await db.delete(imports).where(eq(imports.id, broken))
  })

  it('refuses what it cannot read, and says why', async () => {
    expect(problemOf(await send(ana, 'no card at all'))).toBe('422 invalid-file')
    expect(problemOf(await send(ana, 'Colour,Size\r\nred,1\r\n', '', 'text/csv'))).toBe('422 invalid-file')
    expect(pointersOf(await send(ana, card('a', 'A'), '?charset=klingon'))).toEqual(['query/charset'])
    expect(pointersOf(await send(ana, card('a', 'A'), '?book=none'))).toEqual(['query/book'])
    expect(problemOf(await send(ana, 'x'.repeat(10_600_000)))).toBe('413 too-large')
    expect(problemOf(await send(ana, many(10_001)))).toBe('413 too-large')
  })

  it('refuses a card that is too large to be stored, and imports the others', async () => {
    const large = card('large', 'Large', `NOTE:${'"ж'.repeat(500_000)}`)
    const report = await importFile(ana, card('l1', 'L1') + large + card('l2', 'L2'))
    expect(outcomesOf(report)).toEqual(['added', 'refused', 'added'])
    expect(report.report[1]).toMatchObject({ line: 7, detail: expect.stringContaining('line 7 is larger than 1 MB') })
  })

  it('needs the permissions to add and change contacts, and an undo those to delete and change', async () => {
    const lev = await signedUp('lev')
    const roles = (...user: string[]) => ({ ROLE_PERMISSIONS: JSON.stringify({ user }) })
    const statusOf = async (path: string, permitted: object) =>
      (await serve(permitted, path, { method: 'POST', token: lev.access, headers: sent.headers, body: sent.body }))
        .status
    const sent = { headers: { 'Content-Type': 'text/vcard' }, body: card('lev', 'Lev') }
    expect(await statusOf('/api/imports', roles('contacts:create'))).toBe(403)
    expect(await statusOf('/api/imports', roles('contacts:create', 'contacts:update'))).toBe(200)
    const undoing = await insertedImport(lev.id, 'done')
    await db.update(imports).set({ state: 'undoing' }).where(eq(imports.id, undoing))
    for (const path of [`/api/imports/${undoing}/undo`, `/api/imports/${undoing}/continue`]) {
      expect(await statusOf(path, roles('contacts:create', 'contacts:update'))).toBe(403)
    }
    expect(await statusOf(`/api/imports/${undoing}/undo`, roles('contacts:delete', 'contacts:update'))).toBe(200)
  })

  it('belongs to its owner alone', async () => {
    const eve = await signedUp('eve')
    const { id } = await importFile(ana, card('own', 'Own'))
    expect(problemOf(await eve.get(`/api/imports/${id}`))).toBe('404 not-found')
    expect(problemOf(await eve.post(`/api/imports/${id}/continue`))).toBe('404 not-found')
    expect(problemOf(await eve.post(`/api/imports/${id}/undo`))).toBe('404 not-found')
    expect((await eve.get('/api/imports')).body).toEqual([])
  })

  it('is refused while three others wait, and not undone before it is done', async () => {
    const max = await signedUp('max')
    const ids = []
    for (let turn = 0; turn < 3; turn++) ids.push(reportOf(await send(max, many(120), '?dry_run=true')).id)
    const refused = await send(max, card('a', 'A'))
    expect(problemOf(refused)).toBe('409 import-running')
    expect(refused.body).toMatchObject({ imports: ids })
    expect(problemOf(await max.post(`/api/imports/${ids[0]}/undo`))).toBe('409 import-running')
  })

  it('is no more than three, whoever sends others at once', async () => {
    const leo = await signedUp('leo')
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => send(leo, many(210), '?dry_run=true')))
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([202, 202, 202, 409, 409])
  })

  it('waits if it cannot be written now', async () => {
    const ira = await signedUp('ira')
    const { services: here } = services()
    const broken = { ...here, kv: { ...here.kv, put: () => Promise.reject(new Error('KV')) } as unknown as KVNamespace }
    const file = many(50) + card('p', 'P', photo)
    const { row, entries } = await startImport(broken, requestOf(ira, file))
    expect([row.state, row.done, entries.length]).toEqual(['running', 50, 50])
    expect(reportOf(await ira.post(`/api/imports/${row.id}/continue`))).toMatchObject({ state: 'done', done: 51 })
  })

  it('can be undone for 30 days, after which its report is deleted', async () => {
    const { id } = await importFile(ana, card('old', 'Old'))
    await db
      .update(imports)
      .set({ created_at: new Date(Date.now() - 31 * 86_400_000).toISOString() })
      .where(eq(imports.id, id))
    await runScheduled('17 * * * *', env)
    expect(await db.select().from(importEntries).where(eq(importEntries.import_id, id))).toEqual([])
    expect(problemOf(await ana.post(`/api/imports/${id}/undo`))).toBe('409 import-too-old')
  })

  it('can be undone after any number of dry runs', async () => {
    const zoe = await signedUp('zoe')
    const { id } = await importFile(zoe, card('z', 'Z'))
    const { services: here } = services()
    for (let turn = 0; turn < 21; turn++) await startImport(here, { ...requestOf(zoe, card('z', 'Z')), isDryRun: true })
    expect((await zoe.post(`/api/imports/${id}/undo`)).body).toMatchObject({ undone: 1 })
  })

  it('adds as many contacts as there may be, and refuses the other cards', async () => {
    const nina = await signedUp('nina')
    const { entries } = await startImport(services({ MAX_CONTACTS: '2' }).services, requestOf(nina, many(4)))
    expect(entries.map(({ outcome }) => outcome)).toEqual(['added', 'added', 'refused', 'refused'])
    expect(entries[3]?.detail).toContain('full')
    expect(await countOf(nina)).toBe(2)
  })
})
