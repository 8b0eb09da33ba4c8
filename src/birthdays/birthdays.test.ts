import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { pointersOf, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import { type Person, signedUp } from '../../test/people.ts'
import { findBirthdays } from './store.ts'
import { type LeapDay, monthDaysBetween, upcoming } from './upcoming.ts'

const db = database()
const listSchema = z.array(z.looseObject({ full_name: z.string(), days_until: z.number() }))
let ana: Person

beforeAll(async () => {
  ana = await signedUp('ana')
  const days = ['01-01', '01-02', '02-27', '02-28', '02-29', '03-01', '03-02', '06-15', '12-30', '12-31']
  for (const day of days) {
    for (const first_name of ['Юлія', 'Ада']) await ana.post('/api/contacts', { first_name, birthday: `--${day}` })
  }
  await ana.post('/api/contacts', { first_name: 'Without' })
})

describe('the soonest birthdays', () => {
  it('are the first of all, whatever day it is, leap days and New Year among them', async () => {
    const day = fc.date({ min: new Date('2024-01-01'), max: new Date('2029-12-31'), noInvalidDate: true })
    const leapDays = fc.constantFrom<LeapDay[]>('feb28', 'mar1')
    await fc.assert(
      fc.asyncProperty(
        day,
        fc.integer({ min: 0, max: 366 }),
        leapDays,
        fc.integer({ min: 1, max: 25 }),
        async (date, days, leapDay, limit) => {
          const today = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
          const keys = monthDaysBetween(today, days, leapDay)
          const all = upcoming(await findBirthdays(db, ana.id, keys), today, days, leapDay)
          const soonest = upcoming(await findBirthdays(db, ana.id, keys, limit), today, days, leapDay).slice(0, limit)
          expect(soonest.map(({ days_until }) => days_until)).toEqual(
            all.slice(0, limit).map(({ days_until }) => days_until),
          )
        },
      ),
      { numRuns: 150 },
    )
  })

  it('are asked for by a limit, and come by name within a day', async () => {
    const all = read(listSchema, await ana.get('/api/contacts/birthdays?days=366'))
    expect(all).toHaveLength(20)
    const four = read(listSchema, await ana.get('/api/contacts/birthdays?days=366&limit=4'))
    expect(four).toEqual(all.slice(0, 4))
    expect(four.map(({ full_name }) => full_name)).toEqual(['Ада', 'Юлія', 'Ада', 'Юлія'])
    for (const limit of ['0', '1001', 'all', '-1', '1.5']) {
      expect(pointersOf(await ana.get(`/api/contacts/birthdays?limit=${limit}`))).toEqual(['query/limit'])
    }
  })
})
