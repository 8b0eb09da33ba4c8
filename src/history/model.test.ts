import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { signedUp } from '../../test/people.ts'
import { lines, path, post, put } from '../../test/vcard-requests.ts'
import { removed } from '../books/table.ts'
import { configuration } from '../config.ts'
import { cardOf, contentOfCard, contentOfFields } from '../contacts/content.ts'
import { nameOfGroup } from '../contacts/groups-store.ts'
import { keyOfLabel } from '../contacts/labels-key.ts'
import { createRow } from '../contacts/store.ts'
import { contacts, storedColumns } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import { changesSchema } from './schema.ts'

const db = database()
/** `npm test -- --full` writes 1,000 times. */
const writes = env.TEST_FULL === '1' ? 1000 : 160
const writers = 8

/** What a writer does: by what, and to which of the contacts that it knows. */
const operation = fc.tuple(
  fc.constantFrom(
    ...(['create', 'create', 'create', 'change', 'change', 'delete', 'restore', 'star', 'vcard'] as const),
    ...(['group', 'label', 'unlabel', 'empty', 'version', 'move', 'move', 'shelf', 'batch'] as const),
  ),
  fc.nat(1000),
)

describe('changes', () => {
  it('make of every earlier copy of a book what the book is, whatever eight writers do at once', async () => {
    const ana = await signedUp('ana')
    const ids: number[] = []
    let next = 0
    const uid = (n: number) => `model-${n % 40}`
    const labels = ['One', 'Two', 'Three']
    const books = ['contacts', 'one', 'two']
    const drop = async (slug = '') => (await ana.delete(`/api/books/${slug}`)).status
    const labelOf = (n: number) => labels[n % labels.length] ?? 'One'
    const write = async ([kind, n]: readonly [string, number]): Promise<number> => {
      const id = ids[n % Math.max(1, ids.length)] ?? 0
      const add = async (answer: ReturnType<typeof ana.post>): Promise<number> => {
        const { status, body } = await answer
        if (status === 201) ids.push((body as { id: number }).id)
        return status
      }
      const person = (name: string) => lines('VERSION:3.0', `FN:${name}`, `UID:${uid(n)}`, `CATEGORIES:${labelOf(n)}`)
      switch (kind) {
        case 'create':
          return add(n % 2 ? ana.post(path, { first_name: `Name ${next++}` }) : post(ana, person(`Card ${next++}`)))
        case 'group': {
          const members = [n, n + 1, n + 7].map((one) => `MEMBER:${uid(one)}`)
          return add(
            post(ana, lines('VERSION:4.0', 'KIND:group', `FN:${labelOf(n)}`, `UID:group-${n % 5}`, ...members)),
          )
        }
        case 'batch': {
          const other = ids[(n + 3) % Math.max(1, ids.length)] ?? 0
          const operations = [
            { create: { first_name: `Batch ${next++}`, book: books[n % books.length] } },
            { update: { id, patch: { phone: String(next++) } } },
            { delete: { id: other } },
          ]
          const { status, body } = await ana.post(`${path}/batch?atomic=${n % 2 === 0}`, { operations })
          const results = status === 200 ? (body as { results: { contact?: { id: number } }[] }).results : []
          ids.push(...results.flatMap(({ contact }) => (contact && contact.id !== id ? [contact.id] : [])))
          return status
        }
        case 'change':
          return (await ana.patch(`${path}/${id}`, { phone: String(next++), labels: n % 3 ? [labelOf(n)] : [] })).status
        case 'vcard':
          return (await put(ana, id, person(`Put ${next++}`))).status
        case 'delete':
          return (await ana.delete(`${path}/${id}`)).status
        case 'restore':
          return (await ana.post(`/api/trash/${id}/restore`)).status
        case 'star':
          return (await ana.patch(`${path}/${id}/favorite`, { favorite: n % 2 === 0 })).status
        case 'label':
          return (await ana.patch(`/api/labels/${labelOf(n)}`, { name: labelOf(n + 1) })).status
        case 'unlabel':
          return (await ana.delete(`/api/labels/${labelOf(n)}`)).status
        case 'move':
          return (await ana.patch(`${path}/${id}`, { book: books[n % books.length] })).status
        case 'shelf': {
          const slug = books[n % books.length]
          // The first one stays.
          return n % 3 ? (await ana.post('/api/books', { slug, name: 'x' })).status : drop(slug)
        }
        case 'version':
          return (await ana.post(`${path}/${id}/history/${1 + (n % 3)}/restore`)).status
        default:
          return (await ana.delete(n % 5 === 0 ? '/api/trash' : `/api/trash/${id}`)).status
      }
    }
    /** A client's copy of the book, which it reads a page at a time while others write. */
    const copies: { book: Map<number, unknown>; since: string | undefined }[] = []
    const readPage = async (copy: (typeof copies)[number], limit: number): Promise<boolean> => {
      const since = copy.since === undefined ? '' : `&since=${copy.since}`
      const page = read(changesSchema, await ana.get(`${path}/changes?fields=all&limit=${limit}${since}`))
      for (const { id, contact } of page.changes) {
        if (contact === null) copy.book.delete(id)
        else copy.book.set(id, contact)
      }
      copy.since = page.next
      return page.more
    }
    const reading = new Set<object>()
    const plan = fc.sample(operation, { numRuns: writes, seed: 20261127 })
    const statuses = new Map<number, number>()
    const work = Array.from({ length: writers }, async (_, writer) => {
      for (let at = writer; at < plan.length; at += writers) {
        const status = await write(plan[at] ?? ['create', 0])
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (at % 20 === 0) copies.push({ book: new Map(), since: undefined })
        const copy = copies[at % Math.max(1, copies.length)]
        // A client asks for one page at a time.
        if (copy && !reading.has(copy)) {
          reading.add(copy)
          await readPage(copy, 1 + (at % 9))
          reading.delete(copy)
        }
      }
    })
    await Promise.all(work)
    expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([])
    expect(statuses.get(200)).toBeGreaterThan(writes / 10)

    const whole = { book: new Map<number, unknown>(), since: undefined }
    while (await readPage(whole, 500));
    const sorted = ({ book }: { book: Map<number, unknown> }) => [...book].toSorted(([one], [other]) => one - other)
    const listed = await ana.get(`${path}?fields=all&limit=100&total=true`)
    expect(whole.book.size).toBe(Number(listed.headers.get('X-Total-Count')))
    for (const copy of copies) {
      while (await readPage(copy, 7));
      expect(sorted(copy)).toEqual(sorted(whole))
    }
    const living = await db.select({ seq: contacts.seq }).from(contacts).where(eq(contacts.owner_id, ana.id))
    const gone = await db.select({ seq: removed.seq }).from(removed).where(eq(removed.owner_id, ana.id))
    const numbers = [...living, ...gone].map(({ seq }) => seq)
    expect(new Set(numbers).size).toBe(numbers.length)
    await expectLabelsOfGroups(ana.id)
  }, 600_000)

  /** What groups say of contacts is what their columns have, whatever wrote them last. */
  async function expectLabelsOfGroups(ownerId: number): Promise<void> {
    const rows = await db
      .select({ ...storedColumns, labels_key: contacts.labels_key, search_key: contacts.search_key })
      .from(contacts)
      .where(eq(contacts.owner_id, ownerId))
      .orderBy(contacts.id)
    const contentOf = (row: (typeof rows)[number]) => {
      const card = cardOf(row)
      return card ? contentOfCard(card, row) : contentOfFields(row)
    }
    const groups = rows.filter(({ is_group }) => is_group).map((row) => ({ row, members: contentOf(row).members }))
    const derived = rows.map((row) => {
      const of = groups.filter(({ row: group, members }) => group.id !== row.id && members?.includes(uidOf(row)))
      const names = of.map(({ row: group }) => nameOfGroup(group))
      const { search_key, labels_key } = createRow(ownerId, contentOf(row), configuration(env).SORT_LOCALE, '', names)
      return { id: row.id, group_labels: names.map(keyOfLabel).join(''), search_key, labels_key }
    })
    expect(
      rows.map(({ id, group_labels, search_key, labels_key }) => ({ id, group_labels, search_key, labels_key })),
    ).toEqual(derived)
  }
})
