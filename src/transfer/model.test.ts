import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { read } from '../../test/client.ts'
import { importFile, vcard } from '../../test/imports.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { strength } from '../../test/strength.ts'

/** A card of one of few people, so that files meet the contacts that are there. */
const person = fc.record({
  uid: fc.constantFrom(null, 'a', 'b', 'c'),
  name: fc.constantFrom('Ada', 'Bo', 'Cy'),
  email: fc.constantFrom(null, 'x@example.com', 'y@example.com'),
  phone: fc.constantFrom(null, '+380441112233', '+380442223344'),
  note: fc.constantFrom(null, 'one', 'two'),
  group: fc.boolean(),
})

type Card = (typeof person extends fc.Arbitrary<infer T> ? T : never) & object

/** A file in which no two cards have the same UID: what happens to these, imports.test.ts tests. */
const file = fc.uniqueArray(person, { minLength: 1, maxLength: 6, selector: (card) => card.uid ?? card })

const line = (head: string, value: string | null): string[] => (value === null ? [] : [`${head}:${value}`])

const textOf = ({ uid, name, email, phone, note, group }: Card): string =>
  vcard(
    ...line('UID', uid),
    ...[`FN:${name}`, `N:${name};;;;`],
    ...line('EMAIL', email),
    ...line('TEL', phone),
    ...line('NOTE', note),
    ...(group ? ['X-ADDRESSBOOKSERVER-KIND:group', 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:b'] : []),
  )

const contactsSchema = z.array(z.looseObject({ id: z.int(), full_name: z.string() }))

/** All that an account shows: its contacts with their details, and the vCards as they are stored. */
async function stateOf(who: Person): Promise<string> {
  const contacts = read(contactsSchema, await who.get('/api/contacts?limit=100&fields=all'))
  const plain = contacts.map(({ updated_at: _, ...contact }) => contact)
  const { text } = await who.get('/api/exports/contacts.vcf?version=stored')
  return JSON.stringify([plain.toSorted((one, other) => one.id - other.id), text])
}

describe('imports of arbitrary files', { timeout: 600_000 }, () => {
  it('lose nothing of any card, and are undone exactly', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('add', 'merge', 'skip'),
        async (files, duplicates) => {
          const who = await signedUp('model')
          for (const file of files) {
            const before = await stateOf(who)
            const text = file.map(textOf).join('')
            const { id, report, counts } = await importFile(who, text, `?duplicates=${duplicates}`)
            expect(report).toHaveLength(file.length)
            expect(counts.refused).toBe(0)
            const after = await stateOf(who)
            for (const [at, entry] of report.entries()) {
              if (entry.outcome !== 'added' && entry.outcome !== 'merged') continue
              // A later card of the same file may have replaced it.
              const isLast = report.filter((one) => one.contact_id === entry.contact_id).at(-1) === entry
              const { email, phone, note } = file[at] ?? {}
              for (const value of isLast ? [email, phone, note] : []) if (value) expect(after).toContain(value)
            }
            // The same file again changes nothing. A card that was skipped may be looked at anew: a later card of the
            // file may have changed the contact that it seemed to be.
            if (counts.skipped === 0) {
              const again = await importFile(who, text, `?duplicates=${duplicates}`)
              expect(again.counts).toMatchObject({ added: 0, updated: 0, merged: 0, refused: 0 })
              expect(await stateOf(who)).toBe(after)
            }
            await who.post(`/api/imports/${id}/undo`)
            expect(await stateOf(who)).toBe(before)
            await importFile(who, text, `?duplicates=${duplicates}`)
          }
        },
      ),
      { numRuns: strength(300, 8) },
    )
  })
})
