import type { DatabaseSync } from 'node:sqlite'
import { contentOfFields } from '../../src/contacts/content.ts'
import { createRow } from '../../src/contacts/store.ts'
import type { Writer, Written } from './writers.ts'

/** Compares a database with what writers remember, and returns a sentence for each fault. */
export function findFaults(sqlite: DatabaseSync, writers: readonly Writer[]): string[] {
  const faults: string[] = []
  const rows = sqlite.prepare(`SELECT * FROM contacts WHERE first_name = 'Writer'`).all()
  const byName = Map.groupBy(rows, (row) => String(row.last_name))
  const isInTrash = sqlite.prepare('SELECT 1 FROM removed WHERE contact_id = ? AND content IS NOT NULL')
  for (const { name, id = 0, note, deleted, unanswered } of writers.flatMap(({ contacts }) => contacts)) {
    const stored = byName.get(name) ?? []
    byName.delete(name)
    const [row] = stored
    if (stored.length > 1) faults.push(`${name} is there ${stored.length} times.`)
    if (deleted === 'yes' && row) faults.push(`${name} was deleted, and is there.`)
    if (deleted === 'no' && note !== undefined && !row) faults.push(`${name} is lost.`)
    if (row && ![...unanswered, note].includes(String(row.additional))) {
      faults.push(`${name} is ${row.additional}, and was acknowledged as ${note}.`)
    }
    if (row && !hasOwnKeys(row)) faults.push(`${name} is not found by what it holds.`)
    if (id && note !== undefined && deleted !== 'no' && !row && !isInTrash.get(id)) {
      faults.push(`${name} was deleted, and is not in the trash.`)
    }
  }
  for (const batch of writers.flatMap(({ batches }) => batches)) faults.push(...batchFaults(sqlite, batch))
  for (const name of byName.keys()) faults.push(`${name} is there, and nobody asked for it.`)
  const accountParts = sqlite.prepare(
    `SELECT (SELECT count(*) FROM users WHERE email = ?1) AS accounts,
    (SELECT count(*) FROM links JOIN users ON users.id = links.user_id WHERE users.email = ?1) AS links,
    (SELECT count(*) FROM outbox JOIN users ON users.id = outbox.user_id WHERE users.email = ?1) AS letters,
    (SELECT count(*) FROM outbox WHERE recipient = ?1) AS addressed`,
  )
  for (const { email, isAcknowledged } of writers.flatMap(({ accounts }) => accounts)) {
    const counts = Object.values(accountParts.get(email) ?? {}).join(' ')
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

/** Whether the search keys of a row are those of its own fields: a row is written completely or not at all. */
function hasOwnKeys(row: Readonly<Record<string, unknown>>): boolean {
  const own = createRow(0, contentOfFields(row as never), 'uk')
  return (['search_key', 'name_key', 'birthday_key'] as const).every((key) => own[key] === row[key])
}

/** Finds an unacknowledged atomic batch of which only a part was done. */
function batchFaults(sqlite: DatabaseSync, { added, changed, note, gone }: Writer['batches'][number]): string[] {
  const noteOf = ({ name }: Written) => sqlite.prepare('SELECT additional FROM contacts WHERE last_name = ?').get(name)
  const done = [...added.map((contact) => noteOf(contact) !== undefined), noteOf(gone) === undefined]
  // If the contact was changed or deleted later, it says nothing about this batch.
  if (changed.deleted === 'no' && changed.unanswered.at(-1) === note) done.push(noteOf(changed)?.additional === note)
  return new Set(done).size === 1 ? [] : [`Of a batch of ${added[0]?.name} only a part was done: ${done.join(', ')}.`]
}
