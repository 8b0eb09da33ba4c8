import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { feedPath } from '../../test/birthday-paths.ts'
import { readCalendar } from '../../test/calendars.ts'
import { driver, execute, remembering } from '../../test/database.ts'
import { signedUp } from '../../test/people.ts'
import { counted, serve } from '../../test/serving.ts'

const people = 5000
const anniversaries = 250
let path: string

/** Contacts of one owner, with the columns that SQL computes from a number `i`. */
const fill = (ownerId: number, count: number, columns: string) =>
  execute(
    `INSERT INTO contacts (owner_id, first_name, card, birthday, birthday_key, created_at, updated_at,
      first_name_key, last_name_key, email_key, phone_key, name_key)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    SELECT ${ownerId}, 'No ' || i, ${columns}, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z',
      '', '', '', '', '' FROM n`,
  )

beforeAll(async () => {
  const ana = await signedUp('ana')
  const day = `strftime('%m-%d', 1704067200 + (i % 366) * 86400, 'unixepoch')`
  await fill(ana.id, people, `NULL, '1984-' || ${day}, ${day}`)
  const card = `'BEGIN:VCARD' || char(13,10) || 'VERSION:4.0' || char(13,10) || 'FN:x' || char(13,10)
    || 'ANNIVERSARY:20150620' || char(13,10) || 'END:VCARD' || char(13,10)`
  await fill(ana.id, anniversaries, `${card}, NULL, '~'`)
  path = await feedPath(ana)
  // Cached, so that only the calendar's own calls are counted.
  await serve({}, path, { method: 'HEAD' })
})

describe('the calendar of a large book', () => {
  it('has everybody once', async () => {
    const { events } = readCalendar(await (await serve({}, path)).text())
    expect(events).toHaveLength(people + anniversaries)
    expect(new Set(events.map(({ uid }) => uid)).size).toBe(events.length)
    expect(events.filter(({ summary }) => summary.startsWith('Anniversary'))).toHaveLength(anniversaries)
  })

  it.skipIf(driver !== 'D1')('is read only as fast as the client reads, one page at a time', async () => {
    const { bindings, trips } = counted()
    const response = await serve(bindings, path)
    const settle = () => new Promise((resolve) => setTimeout(resolve, 100))
    await settle()
    // The change number, and the first page, which shows whether the database works.
    expect(trips.database).toBe(2)
    const reader = response.body?.getReader()
    let longest = 0
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      longest = Math.max(longest, piece.value.length)
    }
    expect(longest).toBeLessThan(1_000_000)
    // Three pages of birthdays, and two of anniversaries.
    expect(trips.database).toBe(6)
  })

  it.skipIf(driver !== 'D1')('uses an index: no page reads the rows of another, and none sorts', async () => {
    const { DB, statements } = remembering()
    await (await serve({ DB }, path)).text()
    const pages = [...statements].filter((sql) => sql.includes('from "contacts"'))
    const plans = await Promise.all(
      pages.map(async (sql) => {
        const parameters = sql.match(/\?/g)?.map(() => 1) ?? []
        const plan = env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...parameters)
        return (await plan.all<{ detail: string }>()).results.map(({ detail }) => detail).join('\n')
      }),
    )
    expect(plans).toEqual([
      'SEARCH contacts USING INDEX contacts_by_birthday (owner_id=? AND birthday_key<?)',
      'SEARCH contacts USING INDEX contacts_by_birthday (owner_id=? AND birthday_key>? AND birthday_key<?)',
      'SEARCH contacts USING INDEX contacts_by_created (owner_id=?)',
      'SEARCH contacts USING INDEX contacts_by_created (owner_id=? AND created_at>?)',
    ])
  })

  it.skipIf(driver !== 'D1')('costs one query while nothing has changed', async () => {
    const etag = (await serve({}, path, { method: 'HEAD' })).headers.get('ETag') ?? ''
    const { bindings, trips } = counted()
    expect((await serve(bindings, path, { headers: { 'If-None-Match': etag } })).status).toBe(304)
    expect(trips.database).toBe(1)
  })

  it.skipIf(driver !== 'D1')('is a 503, and no file, if the database is down from the beginning', async () => {
    const down = () => Promise.reject(new Error('down'))
    const statement = { bind: () => statement, raw: down, all: down, run: down }
    const response = await serve({ DB: { prepare: () => statement, batch: down } }, path)
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '1'])
  })
})
