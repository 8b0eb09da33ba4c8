import type { DatabaseSync } from 'node:sqlite'
import { contentOfFields } from '../../src/contacts/content.ts'
import { createRow } from '../../src/contacts/store.ts'
import type { Writer, Written } from './writers.ts'

/** Compares a database with what writers remember, and lists what is wrong. */
export function findFaults(sqlite: DatabaseSync, writers: readonly Writer[]): string[] {
  const faults: string[] = []
  const rows = sqlite.prepare(`SELECT * FROM contacts WHERE first_name = 'Writer'`).all()
  const byName = Map.groupBy(rows, (row) => String(row.last_name))
  for (const contact of writers.flatMap(({ contacts }) => contacts)) {
    const stored = byName.get(contact.name) ?? []
    byName.delete(contact.name)
    const [row] = stored
    if (stored.length > 1) faults.push(`${contact.name} is there ${stored.length} times.`)
    if (contact.deleted === 'yes' && row) faults.push(`${contact.name} was deleted, and is there.`)
    if (contact.deleted === 'no' && contact.note !== undefined && !row) faults.push(`${contact.name} is lost.`)
    const possible = [...contact.unanswered, contact.note]
    if (row && !possible.includes(String(row.additional))) {
      faults.push(`${contact.name} is ${row.additional}, and was acknowledged as ${contact.note}.`)
    }
    if (row) faults.push(...keyFaults(row))
    const isKnown = contact.id !== undefined && contact.note !== undefined
    if (isKnown && contact.deleted !== 'no' && !row && !isInTrash(sqlite, contact)) {
      faults.push(`${contact.name} was deleted, and is not in the trash.`)
    }
  }
  for (const batch of writers.flatMap(({ batches }) => batches)) faults.push(...batchFaults(sqlite, batch))
  for (const name of byName.keys()) faults.push(`${name} is there, and nobody asked for it.`)
  for (const { email, isAcknowledged } of writers.flatMap(({ accounts }) => accounts)) {
    const parts =
      sqlite
        .prepare(
          `SELECT (SELECT count(*) FROM users WHERE email = ?1) AS accounts,
          (SELECT count(*) FROM links JOIN users ON users.id = links.user_id WHERE users.email = ?1) AS links,
          (SELECT count(*) FROM outbox JOIN users ON users.id = outbox.user_id WHERE users.email = ?1) AS letters,
          (SELECT count(*) FROM outbox WHERE recipient = ?1) AS addressed`,
        )
        .get(email) ?? {}
    const counts = Object.values(parts).join(' ')
    if (counts !== '1 1 1 1' && (isAcknowledged || counts !== '0 0 0 0')) {
      faults.push(`${email} has accounts, links, letters, and letters addressed to it: ${counts}.`)
    }
  }
  const doubled = sqlite.prepare(
    `SELECT seq FROM (SELECT owner_id, seq FROM contacts WHERE seq > 0 UNION ALL SELECT owner_id, seq FROM removed)
    GROUP BY owner_id, seq HAVING count(*) > 1`,
  )
  for (const { seq } of doubled.all()) faults.push(`The change number ${seq} was given twice.`)
  const orphans = sqlite.prepare('SELECT count(*) AS n FROM idempotency_keys WHERE contact_id IS NULL').get()
  if (orphans?.n !== 0) faults.push(`${orphans?.n} idempotency keys belong to no contact.`)
  for (const pragma of ['integrity_check', 'foreign_key_check']) {
    const answer = JSON.stringify(sqlite.prepare(`PRAGMA ${pragma}`).all())
    if (answer !== '[]' && answer !== '[{"integrity_check":"ok"}]') faults.push(`${pragma}: ${answer}`)
  }
  return faults
}

/** Compares the search keys of a row with those of its own fields: a row is written whole or not at all. */
function keyFaults(row: Readonly<Record<string, unknown>>): string[] {
  const { search_key, name_key, birthday_key } = createRow(0, contentOfFields(row as never), 'uk')
  const isWhole = row.search_key === search_key && row.name_key === name_key && row.birthday_key === birthday_key
  return isWhole ? [] : [`${row.last_name} is not found by what it holds.`]
}

/** Whether a contact that was deleted is in the trash. */
const isInTrash = (sqlite: DatabaseSync, { id }: Written): boolean =>
  sqlite.prepare('SELECT 1 FROM removed WHERE contact_id = ? AND content IS NOT NULL').get(id ?? 0) !== undefined

/** What was done of an atomic batch that nobody acknowledged, and what was not: nothing, where it is all or none. */
function batchFaults(sqlite: DatabaseSync, { added, changed, note, gone }: Writer['batches'][number]): string[] {
  const noteOf = ({ name }: Written) => sqlite.prepare('SELECT additional FROM contacts WHERE last_name = ?').get(name)
  const done = [...added.map((contact) => noteOf(contact) !== undefined), noteOf(gone) === undefined]
  // What became of the contact since then says no more of this.
  if (changed.deleted === 'no' && changed.unanswered.at(-1) === note) done.push(noteOf(changed)?.additional === note)
  return new Set(done).size === 1 ? [] : [`Of a batch of ${added[0]?.name} only a part was done: ${done.join(', ')}.`]
}
