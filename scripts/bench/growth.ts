import { median, table } from './figures.ts'
import { build, withRuntime } from './runtime.ts'

const books = [1000, 10_000, 50_000] as const
const rounds = 41
const paths = {
  'list, page 1': '/api/contacts',
  'list, page 1, with its total': '/api/contacts?total=true',
  'search `ол`': `/api/contacts?q=${encodeURIComponent('ол')}`,
  'search `о`': `/api/contacts?q=${encodeURIComponent('о')}`,
  'search `067 123`': '/api/contacts?q=067+123',
  'search `nobody at all`': '/api/contacts?q=nobody+at+all',
  'birthdays in 7 days': '/api/contacts/birthdays',
}

/** What a list, a search and upcoming birthdays cost as a book grows: one request at a time, in the local runtime. */
export async function growth(isQuick: boolean): Promise<string> {
  return withRuntime({ workers: { service: await build() }, books }, async ({ urls }, people) => {
    const rows: string[][] = []
    for (const [name, path] of Object.entries(paths)) {
      const costs: { total: number; database: number }[] = []
      for (const { accessToken } of people) {
        const headers = { Authorization: `Bearer ${accessToken}` }
        const times: { total: number; database: number }[] = []
        for (let round = -3; round < (isQuick ? 1 : rounds); round++) {
          const start = performance.now()
          const answer = await fetch(`${urls.service}${path}`, { headers })
          await answer.arrayBuffer()
          const total = performance.now() - start
          if (!answer.ok) throw new Error(`${path} was answered ${answer.status}.`)
          const [, database] = answer.headers.get('Server-Timing')?.match(/\bdb;dur=([\d.]+)/) ?? []
          if (round >= 0) times.push({ total, database: Number(database ?? 0) }) // the first three warm
        }
        costs.push({ total: median(times.map((one) => one.total)), database: median(times.map((one) => one.database)) })
      }
      const ratio = (costs.at(-1)?.total ?? Number.NaN) / (costs[0]?.total ?? Number.NaN)
      const cells = costs.map(({ total, database }) => `${total.toFixed(1)} (${database.toFixed(1)})`)
      rows.push([name, ...cells, ratio.toFixed(2)])
    }
    return [
      `Medians of ${isQuick ? 1 : rounds} requests, in milliseconds; in brackets the part of it that waits for the database.`,
      table(['', ...books.map((size) => `${size.toLocaleString('en')} contacts`), '50,000 ÷ 1,000'], rows),
    ].join('\n\n')
  })
}
