import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { read } from '../../../test/client.ts'
import { database } from '../../../test/database.ts'
import { admin, type Person, signedUp } from '../../../test/people.ts'
import { strength } from '../../../test/strength.ts'
import { fold } from '../../platform/text/fold.ts'
import { runScheduled } from '../../schedule.ts'
import { users } from '../../users/table.ts'
import { withDefaults } from '../fields.ts'
import { contacts, searchKeyMigration } from '../table.ts'
import { searchKeys } from './keys.ts'
import { keysVersion, versionOf } from './keys-version.ts'

const db = database()
const minute = (bindings: object = {}) => runScheduled('* * * * *', { ...env, ...bindings })
const listSchema = z.array(z.looseObject({ full_name: z.string() }))

async function names(person: Person, query: string): Promise<string[]> {
  return read(listSchema, await person.get(`/api/contacts?${query}`)).map(({ full_name }) => full_name)
}

/** Runs the minute's cron until all keys are made, of contacts and of usernames. */
async function minutes(bindings: object = {}): Promise<void> {
  do await minute(bindings)
  while ((await db.select().from(searchKeyMigration)).filter(({ done_to }) => done_to === null).length < 2)
}

beforeEach(async () => {
  await db.delete(searchKeyMigration)
})

describe('the keys of contacts', () => {
  it('that an older version made are made anew, however many there are, and nothing else of the contact changes', async () => {
    const ana = await signedUp('ana')
    for (const first_name of ['Ґанна', 'Олег']) await ana.post('/api/contacts', { first_name })
    const stored = () => db.select().from(contacts).where(eq(contacts.owner_id, ana.id)).orderBy(contacts.id)
    const before = await stored()
    // As migration 0003 leaves them; and more of them than are done at a time.
    await db.update(contacts).set({ search_key: '', name_key: 'as it was' }).where(eq(contacts.owner_id, ana.id))
    const { owner_id, ...row } = before[0] ?? { owner_id: 0 }
    for (let at = 0; at < 252; at += 3) {
      const rows = Array.from({ length: 3 }, (_, n) => ({
        ...row,
        id: undefined,
        owner_id,
        first_name: `Ї${at + n}`,
        search_key: '',
      }))
      await db.insert(contacts).values(rows as (typeof contacts.$inferInsert)[])
    }
    expect(await names(ana, 'q=ґанна')).toEqual([])
    await minute()
    expect(await names(ana, 'q=ґанна')).toEqual(['Ґанна'])
    expect(await names(ana, 'q=ї249')).toEqual([])
    await minute()
    expect(await names(ana, 'q=ї249')).toEqual(['Ї249'])
    expect((await db.select().from(searchKeyMigration))[0]).toMatchObject({
      version: await keysVersion('uk'),
      done_to: null,
    })
    const after = await stored()
    expect(after.slice(0, 2)).toEqual(before)
  })

  it('of an older version are found by till then', async () => {
    const ana = await signedUp('ana')
    await ana.post('/api/contacts', { first_name: 'Ада', phone: '380 44', additional: 'flat 1' })
    // The phone stood before the note, and nothing after it.
    const search_key = ' ада \n  38044 \v flat 1 '
    await db.update(contacts).set({ search_key }).where(eq(contacts.owner_id, ana.id))
    for (const q of ['1', 'flat', '380', 'ада 38', 'flat 1']) expect(await names(ana, `q=${q}`), q).toEqual(['Ада'])
  })

  it('are made anew when the alphabet is another', async () => {
    const ana = await signedUp('ana')
    for (const first_name of ['Zoë', 'Ås']) await ana.post('/api/contacts', { first_name })
    await minutes()
    expect(await names(ana, '')).toEqual(['Ås', 'Zoë'])
    for (let n = 0; n < 2; n++) await minute({ SORT_LOCALE: 'sv' })
    expect(await names(ana, '')).toEqual(['Zoë', 'Ås'])
    for (let n = 0; n < 2; n++) await minute()
    expect(await names(ana, '')).toEqual(['Ås', 'Zoë'])
  })

  it('that are right are not touched', async () => {
    await minutes()
    const ana = await signedUp('ana')
    await ana.post('/api/contacts', { first_name: 'Ада' })
    await db.update(contacts).set({ name_key: 'left alone' }).where(eq(contacts.owner_id, ana.id))
    await minutes()
    const [row] = await db.select().from(contacts).where(eq(contacts.owner_id, ana.id))
    expect(row?.name_key).toBe('left alone')
  })
})

describe('the keys of usernames', () => {
  it('that an older version made are made anew, and nothing else of the account changes', async () => {
    const ana = await signedUp('ana')
    await ana.patch('/api/users/me', { username: 'Ґалаґан' })
    const root = await admin('root')
    const search = async () => (await root.get(`/api/admin/users?${new URLSearchParams({ q: 'галаган' })}`)).body
    const stored = async () => (await db.select().from(users).where(eq(users.id, ana.id)))[0]
    const before = await stored()
    await db.update(users).set({ username_key: 'Ґалаґан' }).where(eq(users.id, ana.id))
    expect(await search()).toEqual([])
    await minutes()
    expect(await search()).toMatchObject([{ id: ana.id }])
    expect(await stored()).toEqual(before)
  })
})

describe('the version of keys', () => {
  const keysOf = (contact: Parameters<typeof searchKeys>[0]) => searchKeys(contact, 'uk')

  it('is another by what is done otherwise with any one character', async () => {
    const version = await versionOf(keysOf)
    expect(await versionOf(keysOf)).toBe(version)
    const character = fc.oneof(
      // A sample of what tables are about, and any of the basic plane but ideographs and Hangul.
      fc.constantFrom(...'`´ʼ‘’‛′׳＇‐‑–—−־﹣－\u00ad\u200b\u2060\ufeff\ufe0fیيىکكةهأإآـ٣۳ґгßłøđæς%_@ ★'),
      fc.integer({ min: 0x20, max: 0x33ff }).map((codePoint) => String.fromCodePoint(codePoint)),
      fc.integer({ min: 0xf900, max: 0xfffd }).map((codePoint) => String.fromCodePoint(codePoint)),
    )
    await fc.assert(
      fc.asyncProperty(character, async (one) => {
        // As though the rule about this character were dropped: it comes through as itself. U+E000 stands for it on the
        // way.
        const shield = (text: string | null) => text?.replaceAll(one, '\ue000') ?? null
        const other = await versionOf((contact) => {
          const keys = JSON.stringify(
            keysOf({ ...contact, email: shield(contact.email), additional: shield(contact.additional) }),
          )
          return JSON.parse(keys.replaceAll('\ue000', JSON.stringify(one).slice(1, -1))) as object
        })
        const isFolded = fold(one) !== one
        if (isFolded) expect(other, one).not.toBe(version)
      }),
      { numRuns: strength(100, 25) },
    )
  })

  it('is another by what is done otherwise with a domain of two spellings', async () => {
    // As though one of them were any other domain: it comes through as itself.
    for (const [domain, shield] of [
      ['xn--', 'qxqx'],
      ['пошта.укр', 'qxqx.example'],
    ] as const) {
      const other = await versionOf((contact) => {
        const keys = JSON.stringify(keysOf({ ...contact, email: contact.email?.replaceAll(domain, shield) ?? null }))
        return JSON.parse(keys.replaceAll(shield, domain).replaceAll('qxqx example', 'пошта укр')) as object
      })
      expect(other, domain).not.toBe(await versionOf(keysOf))
    }
  })

  it('is another for every column that is made otherwise, and for another alphabet', async () => {
    const versions = new Set([await versionOf(keysOf)])
    const columns = Object.keys(keysOf(withDefaults({ first_name: 'A' })))
    for (const column of columns)
      versions.add(await versionOf((contact) => ({ ...keysOf(contact), [column]: 'otherwise' })))
    expect(versions.size).toBe(columns.length + 1)
    expect(await keysVersion('uk')).toBe(await versionOf(keysOf))
    expect(new Set([await keysVersion('uk'), await keysVersion('sv'), await keysVersion('pl')]).size).toBe(3)
  })
})
