import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'

const tags: string[] = JSON.parse(readFileSync('migrations/meta/_journal.json', 'utf8')).entries.map(
  ({ tag }: { tag: string }) => tag,
)
const numbering = tags.findIndex((tag) => tag.endsWith('events_by_account'))

it('numbers existing events for each account, and those that the previous version inserts during a deployment', () => {
  const database = new DatabaseSync(':memory:')
  const apply = (tag: string | undefined) => database.exec(readFileSync(`migrations/${tag}.sql`, 'utf8'))
  for (const tag of tags.slice(0, numbering)) apply(tag)
  const happens = (...owners: number[]) => {
    for (const id of owners) {
      database.exec(`INSERT INTO events (user_id, kind, created_at) VALUES (${id}, 'logged-in', '2026-01-01')`)
    }
  }
  const numbers = () =>
    database
      .prepare('SELECT user_id, number FROM events ORDER BY id')
      .all()
      .map((row) => `${row.user_id}:${row.number}`)

  happens(1, 2, 1, 1, 2, 7)
  apply(tags[numbering])
  expect(numbers()).toEqual(['1:1', '2:1', '1:2', '1:3', '2:2', '7:1'])
  happens(1, 9, 1, 9)
  expect(numbers().slice(6)).toEqual(['1:4', '9:1', '1:5', '9:2'])
})
