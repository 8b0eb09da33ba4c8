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

/** Measures lists, searches and birthdays in books of three sizes: one request at a time, in the local runtime. */
export async function growth(isQuick: boolean): Promise<string> {
  const measuredRounds = isQuick ? 1 : rounds
  return withRuntime({ workers: { service: await build() }, books }, async ({ urls }, people) => {
    const rows: string[][] = []
    for (const [name, path] of Object.entries(paths)) {
      const totals: number[] = []
      const cells: string[] = []
      for (const { accessToken } of people) {
        const times: { total: number; database: number }[] = []
        for (let round = -3; round < measuredRounds; round++) {
          const start = performance.now()
          const answer = await fetch(`${urls.service}${path}`, { headers: { Authorization: `Bearer ${accessToken}` } })
          await answer.arrayBuffer()
          const total = performance.now() - start
          if (!answer.ok) throw new Error(`${path} was answered ${answer.status}.`)
          const [, database = 0] = answer.headers.get('Server-Timing')?.match(/\bdb;dur=([\d.]+)/) ?? []
          if (round >= 0) times.push({ total, database: Number(database) }) // The first three requests warm up.
        }
        const total = median(times.map((one) => one.total))
        totals.push(total)
        cells.push(`${total.toFixed(1)} (${median(times.map((one) => one.database)).toFixed(1)})`)
      }
      const ratio = (totals.at(-1) ?? Number.NaN) / (totals[0] ?? Number.NaN)
      rows.push([name, ...cells, ratio.toFixed(2)])
    }
    return [
      `Medians of ${measuredRounds} requests, in milliseconds; in brackets the part of it that waits for the database.`,
      table(['', ...books.map((size) => `${size.toLocaleString('en')} contacts`), '50,000 ÷ 1,000'], rows),
    ].join('\n\n')
  })
}
