import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { pointersOf, read } from '../../test/client.ts'
import { add, names } from '../../test/contacts.ts'
import { signedUp } from '../../test/people.ts'

describe('upcoming birthdays', () => {
  it('come soonest first, today to the last day, with what they turn', async () => {
    const vera = await signedUp('vera')
    const today = new Date()
    const on = (days: number, year: string) =>
      `${year}${new Date(today.getTime() + days * 86_400_000).toISOString().slice(4, 10)}`
    await add(vera, { first_name: 'Today', birthday: on(0, '2000') })
    await add(vera, { first_name: 'Unknown', birthday: on(3, '-') })
    await add(vera, { first_name: 'Tomorrow', birthday: on(1, '1980') })
    await add(vera, { first_name: 'Edge', birthday: on(7, '1996') })
    await add(vera, { first_name: 'Beyond', birthday: on(8, '1996') })
    await add(vera, { first_name: 'Yesterday', birthday: on(-1, '1996') })
    await add(vera, { first_name: 'None' })
    const requested = await vera.get('/api/contacts/birthdays')
    expect(
      names({
        ...requested,
        body: read(z.array(z.looseObject({})), requested).map(({ next_birthday, days_until, turns, ...rest }) => rest),
      }),
    ).toEqual(['Today', 'Tomorrow', 'Unknown', 'Edge'])
    const upcoming = read(
      z.array(z.looseObject({ days_until: z.number(), turns: z.number().nullable(), next_birthday: z.string() })),
      requested,
    )
    expect(upcoming.map(({ days_until }) => days_until)).toEqual([0, 1, 3, 7])
    expect(upcoming[2]?.turns).toBeNull()
    expect(upcoming[0]?.turns).toBe(today.getUTCFullYear() - 2000)
    const all = await vera.get('/api/contacts/birthdays?days=366')
    expect(read(z.array(z.looseObject({ first_name: z.string() })), all).map(({ first_name }) => first_name)).toEqual([
      'Today',
      'Tomorrow',
      'Unknown',
      'Edge',
      'Beyond',
      'Yesterday',
    ])
    const now = await vera.get('/api/contacts/birthdays?days=0')
    expect(read(z.array(z.looseObject({ first_name: z.string() })), now).map(({ first_name }) => first_name)).toEqual([
      'Today',
    ])
  })

  it('take the day from the time zone asked for', async () => {
    const kira = await signedUp('kira')
    const dayIn = (timeZone: string) => new Intl.DateTimeFormat('en-CA', { timeZone }).format(new Date())
    const zones = ['Pacific/Kiritimati', 'Pacific/Pago_Pago']
    // Their clocks are 25 hours apart: it is never the same day in both.
    expect(dayIn(zones[0] ?? '')).not.toBe(dayIn(zones[1] ?? ''))
    for (const zone of zones) await add(kira, { first_name: zone, birthday: `--${dayIn(zone).slice(5)}` })
    for (const zone of zones) {
      const answer = await kira.get(`/api/contacts/birthdays?days=0&tz=${zone}`)
      expect(
        read(z.array(z.looseObject({ first_name: z.string() })), answer).map(({ first_name }) => first_name),
      ).toEqual([zone])
    }
  })

  it('refuse a zone, a span or a rule that does not exist', async () => {
    const lena = await signedUp('lena')
    for (const [query, pointer] of Object.entries({
      'tz=Mars/Olympus': 'query/tz',
      'tz=%2B02:00': 'query/tz',
      'tz=': 'query/tz',
      'days=-1': 'query/days',
      'days=367': 'query/days',
      'days=week': 'query/days',
      'leap_day=feb29': 'query/leap_day',
    })) {
      expect(pointersOf(await lena.get(`/api/contacts/birthdays?${query}`)), query).toEqual([pointer])
    }
  })
})
