import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { add } from '../../test/contacts.ts'
import { database, execute } from '../../test/database.ts'
import { awaitLetters, change, type Person, signedUp } from '../../test/people.ts'
import { addVcard, lines } from '../../test/vcard-requests.ts'
import { configuration } from '../config.ts'
import type { Database } from '../platform/db/database.ts'
import { outbox } from '../platform/mail/table.ts'
import { runScheduled } from '../schedule.ts'
import { users } from '../users/table.ts'
import { queueDigests } from './queue-digests.ts'

const db = database()
const config = configuration(env)
/** A Saturday in winter: 08:00 in Kyiv is 06:00 in UTC. */
const saturday = new Date('2026-11-28T06:00:30.000Z')
const due = '2026-11-28T06:00:00.000Z'

const rowOf = async ({ id }: Person) => {
  const [row] = await db.select().from(users).where(eq(users.id, id))
  if (!row) throw new Error('The account is gone.')
  return row
}
const queuedFor = ({ id }: Person) =>
  db
    .select()
    .from(outbox)
    .where(and(eq(outbox.user_id, id), eq(outbox.kind, 'birthday-digest')))
    .orderBy(outbox.id)

/** A person in Kyiv who waits for a letter that is due, with Олена's birthday today. */
async function waiting(set: Partial<typeof users.$inferInsert> = {}): Promise<Person> {
  const person = await signedUp('ana')
  await add(person, { first_name: 'Олена', last_name: 'Шевченко', birthday: '1990-11-28' })
  await change(person, { birthday_digest: 'daily', tz: 'Europe/Kyiv', next_digest_at: due, ...set })
  return person
}

beforeEach(async () => {
  await db.update(users).set({ next_digest_at: null })
  await db.delete(outbox)
})

describe('a letter about birthdays', () => {
  it('says who, when and how old, and has a link and headers that end such letters', async () => {
    const ana = await waiting()
    await add(ana, { first_name: 'Boris <b>', birthday: '--11-28' })
    await add(ana, { first_name: 'Tomorrow', birthday: '1990-11-29' })
    await queueDigests({ db, config }, saturday)
    const [row, ...others] = await queuedFor(ana)
    expect(others).toEqual([])
    expect(row).toMatchObject({ recipient: ana.email, subject: 'Birthdays today' })
    expect(row?.unsubscribe_url).toMatch(new RegExp(`^https://vizitka\\.test/unsubscribe/${ana.id}\\.[\\w-]{43}$`))
    expect(row?.text).toBe(
      `Birthdays today\n\nSaturday 28 November: Олена Шевченко (turns 36)\n\nSaturday 28 November: Boris <b>\n\n` +
        `Stop these letters:\n${row?.unsubscribe_url}\n\nYou chose to get this letter in your Vizitka account.\n`,
    )
    expect(row?.html).toContain('Boris &lt;b&gt;')
    expect(await rowOf(ana)).toMatchObject({ next_digest_at: '2026-11-29T06:00:00.000Z', digest_on: '2026-11-28' })
  })

  it('of a week names the coming seven days, in Ukrainian if its reader chose that', async () => {
    const monday = new Date('2026-11-30T06:00:10.000Z')
    const ana = await waiting({ birthday_digest: 'weekly', locale: 'uk', next_digest_at: '2026-11-30T06:00:00.000Z' })
    for (const [first_name, birthday] of [
      ['Неділя', '1990-12-06'],
      ['Понеділок', '--11-30'],
      ['Наступний', '1990-12-07'],
    ]) {
      await add(ana, { first_name, birthday })
    }
    await queueDigests({ db, config }, monday)
    const [row] = await queuedFor(ana)
    expect(row?.subject).toBe('Дні народження найближчого тижня')
    expect(row?.text?.split('\n\n').filter((line) => / (листопада|грудня)/.test(line))).toEqual([
      'понеділок, 30 листопада: Понеділок',
      'неділя, 6 грудня: Неділя (виповнюється 36)',
    ])
    expect((await rowOf(ana)).next_digest_at).toBe('2026-12-07T06:00:00.000Z')
  })

  it('is not sent if nobody has a birthday, and the next one moves on', async () => {
    const ana = await signedUp('ana')
    await add(ana, { first_name: 'Tomorrow', birthday: '1990-11-29' })
    await change(ana, { birthday_digest: 'daily', tz: 'Europe/Kyiv', next_digest_at: due })
    await queueDigests({ db, config }, saturday)
    expect(await queuedFor(ana)).toEqual([])
    expect((await rowOf(ana)).next_digest_at).toBe('2026-11-29T06:00:00.000Z')
    // The day after, she hears of it.
    await queueDigests({ db, config }, new Date('2026-11-29T06:00:20.000Z'))
    expect((await queuedFor(ana)).map(({ text }) => text)).toEqual([expect.stringContaining('Tomorrow (turns 36)')])
  })

  it('follows the choice for 29 February', async () => {
    const [ana, boris] = [await waiting({ leap_day: 'feb28' }), await waiting({ leap_day: 'mar1' })]
    for (const person of [ana, boris]) await add(person, { first_name: 'Leap', birthday: '2000-02-29' })
    for (const person of [ana, boris]) await change(person, { next_digest_at: '2027-02-28T06:00:00.000Z' })
    await queueDigests({ db, config }, new Date('2027-02-28T06:00:00.000Z'))
    expect(await queuedFor(ana)).toHaveLength(1)
    expect(await queuedFor(boris)).toHaveLength(0)
  })

  it('is sent by cron with the same Message-ID that is stored', async () => {
    const ana = await signedUp('ana')
    const today = new Date().toISOString().replace(/^\d+(-\d\d-\d\d).*/, '-$1')
    await add(ana, { first_name: 'Today', birthday: today })
    await change(ana, { birthday_digest: 'daily', tz: 'UTC', next_digest_at: new Date().toISOString() })
    await runScheduled('* * * * *', env)
    const [row] = await queuedFor(ana)
    await runScheduled('* * * * *', env)
    const [letter] = (await awaitLetters(ana.email, 2)).filter(({ Subject }) => Subject === 'Birthdays today')
    expect(letter?.Text).toContain(': Today')
    expect(letter?.MessageID).toBe(`${row?.message_id}@vizitka.test`)
    expect(await queuedFor(ana)).toMatchObject([{ text: null, html: null, unsubscribe_url: null }])
  })
})

describe('a letter about very many people', () => {
  it('names a hundred with short names, the soonest first, and says how many more there are', async () => {
    const ana = await waiting({ birthday_digest: 'weekly', next_digest_at: '2026-11-23T06:00:00.000Z' })
    const name = 'x'.repeat(30_000)
    await addVcard(ana, lines('VERSION:3.0', `FN:${name}`, 'N:Y;;;;', 'BDAY:1990-11-24'))
    const create = (n: number) => ({ create: { first_name: `A${n}`, birthday: '--11-26' } })
    for (let times = 0; times < 2; times++)
      await ana.post('/api/contacts/batch', { operations: Array.from({ length: 60 }, (_, n) => create(n)) })
    // Who is not born yet does not count.
    await addVcard(ana, lines('VERSION:3.0', 'FN:Unborn', 'N:Unborn;;;;', 'BDAY:2027-11-24'))
    await queueDigests({ db, config }, new Date('2026-11-23T06:00:30.000Z'))
    const [row] = await queuedFor(ana)
    const paragraphs = row?.text?.split('\n\n') ?? []
    expect(paragraphs[1]).toBe(`Tuesday 24 November: ${'x'.repeat(200)} (turns 36)`)
    expect(paragraphs.filter((line) => line.includes(' November: '))).toHaveLength(100)
    expect(paragraphs).toContain('And 22 more.')
    expect(row?.text).not.toContain('Unborn')
  })
})

describe('each letter about birthdays is queued once', () => {
  /** A database whose batches do something else besides. */
  const batching = (around: (write: () => Promise<unknown>) => Promise<void>): Database =>
    new Proxy(db, {
      get(target, name: keyof Database) {
        if (name !== 'batch') return target[name]
        return (...args: Parameters<Database['batch']>) => around(() => target.batch(...args))
      },
    })
  /** A database whose writes fail, before or after they were done. */
  const dying = (afterwards: boolean): Database =>
    batching(async (write) => {
      if (afterwards) await write()
      throw new Error('The Worker died.')
    })

  it('though several runs work at the same time', async () => {
    const ana = await waiting()
    await Promise.all(Array.from({ length: 4 }, () => queueDigests({ db, config }, saturday)))
    await queueDigests({ db, config }, saturday)
    expect(await queuedFor(ana)).toHaveLength(1)
  })

  it('though a run dies before or after its write', async () => {
    const ana = await waiting()
    await expect(queueDigests({ db: dying(false), config }, saturday)).rejects.toThrow('died')
    expect(await queuedFor(ana)).toHaveLength(0)
    expect((await rowOf(ana)).next_digest_at).toBe(due)
    await expect(queueDigests({ db: dying(true), config }, saturday)).rejects.toThrow('died')
    expect(await queuedFor(ana)).toHaveLength(1)
    await queueDigests({ db, config }, saturday)
    expect(await queuedFor(ana)).toHaveLength(1)
  })

  it('though its reader moves to a time zone where it is 08:00 again', async () => {
    const ana = await waiting()
    await queueDigests({ db, config }, saturday)
    const later = new Date('2026-11-28T13:00:00.000Z')
    await change(ana, { tz: 'America/New_York', next_digest_at: later.toISOString() })
    await queueDigests({ db, config }, later)
    expect(await queuedFor(ana)).toHaveLength(1)
    expect((await rowOf(ana)).next_digest_at).toBe('2026-11-29T13:00:00.000Z')
  })

  it('though clocks change: one on each day around both changes', async () => {
    for (const [from, days] of [
      ['2026-03-27', ['2026-03-28', '2026-03-29', '2026-03-30']],
      ['2026-10-23', ['2026-10-24', '2026-10-25', '2026-10-26']],
    ] as const) {
      const ana = await waiting({ next_digest_at: `${from}T05:00:00.000Z`, digest_on: null })
      for (const day of ['27', '28', '29', '30']) {
        await add(ana, { first_name: day, birthday: `--03-${day}` })
        await add(ana, { first_name: day, birthday: `--10-${Number(day) - 4}` })
      }
      // A cron job each half hour, for five days.
      for (let n = 0; n < 5 * 48; n++) {
        await queueDigests({ db, config }, new Date(Date.parse(`${from}T12:00:00Z`) + n * 1_800_000))
        if (((await rowOf(ana)).digest_on ?? '') >= days[2]) break
      }
      const texts = (await queuedFor(ana)).map(({ text }) => Number(/(\d+) (March|October)/.exec(text ?? '')?.[1]))
      expect(texts).toEqual([from, ...days].map((day) => Number(day.slice(-2))))
    }
  })

  it('and late, is about the day on which it is queued', async () => {
    const ana = await waiting()
    await add(ana, { first_name: 'Sunday', birthday: '--11-29' })
    await queueDigests({ db, config }, new Date('2026-11-29T03:00:00.000Z'))
    await queueDigests({ db, config }, new Date('2026-11-29T06:00:00.000Z'))
    const letters = await queuedFor(ana)
    expect(letters.map(({ text }) => text?.split('\n\n')[1])).toEqual(['Sunday 29 November: Sunday'])
    expect((await rowOf(ana)).next_digest_at).toBe('2026-11-30T06:00:00.000Z')
  })

  it('only to readers who are confirmed and not disabled; the others’ next one moves on', async () => {
    const people = [await waiting({ disabled: true }), await waiting({ confirmed_at: null })]
    await queueDigests({ db, config }, saturday)
    for (const person of people) {
      expect(await queuedFor(person)).toEqual([])
      expect((await rowOf(person)).next_digest_at).toBe('2026-11-29T06:00:00.000Z')
    }
  })

  it('not if its reader ends the letters, is disabled, moves or had it, between reading and writing', async () => {
    const moved = '2026-11-28T13:00:00.000Z'
    for (const [set, next] of [
      [{ birthday_digest: null, next_digest_at: null }, null],
      [{ disabled: true }, '2026-11-29T06:00:00.000Z'],
      [{ tz: 'America/New_York', next_digest_at: moved }, moved],
      [{ digest_on: '2026-11-28' }, '2026-11-29T06:00:00.000Z'],
    ] as const) {
      const ana = await waiting()
      const slow = batching(async (write) => {
        await change(ana, set)
        await write()
      })
      await queueDigests({ db: slow, config }, saturday)
      expect(await queuedFor(ana)).toEqual([])
      expect((await rowOf(ana)).next_digest_at).toBe(next)
    }
  })

  it('at most twenty in a run; the others follow in the next', async () => {
    const people = await Promise.all(Array.from({ length: 23 }, () => waiting()))
    const count = async () => (await Promise.all(people.map(queuedFor))).flat().length
    await queueDigests({ db, config }, saturday)
    expect(await count()).toBe(20)
    await queueDigests({ db, config }, saturday)
    for (const person of people) expect(await queuedFor(person)).toHaveLength(1)
  })

  it('and a reader whose letter cannot be written misses it, and stops nobody', async () => {
    const [odd, ana] = [await waiting(), await waiting()]
    await execute(
      `CREATE TRIGGER no_letter BEFORE INSERT ON outbox WHEN NEW.user_id = ${odd.id} BEGIN SELECT RAISE(ABORT, 'no'); END`,
    )
    onTestFinished(() => execute('DROP TRIGGER IF EXISTS no_letter'))
    await queueDigests({ db, config }, saturday)
    expect([await queuedFor(odd), await queuedFor(ana)]).toMatchObject([[], [{ recipient: ana.email }]])
    for (const one of [odd, ana]) expect((await rowOf(one)).next_digest_at).toBe('2026-11-29T06:00:00.000Z')
  })

  it('and a reader whose time zone this runtime does not know stops nobody: theirs is UTC', async () => {
    const [odd, ana] = [await waiting({ tz: 'Europe/Atlantis' }), await waiting()]
    await queueDigests({ db, config }, saturday)
    expect(await queuedFor(odd)).toHaveLength(1)
    expect((await rowOf(odd)).next_digest_at).toBe('2026-11-29T08:00:00.000Z')
    expect(await queuedFor(ana)).toHaveLength(1)
  })
})
