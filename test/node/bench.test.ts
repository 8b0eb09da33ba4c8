import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { findFaults } from '../../scripts/bench/faults.ts'
import { median } from '../../scripts/bench/figures.ts'
import { populate } from '../../scripts/bench/population.ts'
import { createDatabase } from '../../scripts/bench/runtime.ts'
import { grows } from '../../scripts/bench/soak.ts'
import { Writer, type Written } from '../../scripts/bench/writers.ts'
import { contentOfFields } from '../../src/contacts/content.ts'
import { withDefaults } from '../../src/contacts/fields.ts'
import { createRow } from '../../src/contacts/store.ts'
import { patientDeadlines } from '../deadlines.ts'

const run = promisify(execFile)

describe('the checks after a soak and after kill -9', () => {
  it('notice memory that keeps growing, but not what is filled at first', () => {
    expect(grows([541, 619, 676, 708, 704])).toBe(false)
    expect(grows([300, 400, 500, 600, 700])).toBe(true)
  })

  it('notice each way in which a write can be lost, doubled or halved', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vizitka-faults-'))
    const sqlite = await createDatabase(folder)
    const [person] = await populate(sqlite, [1])
    if (!person) throw new Error('Nobody was made.')
    const writer = new Writer(person, 'w')
    const add = (last_name: string, additional: string, change = {}) => {
      const fields = withDefaults({ first_name: 'Writer', last_name, additional })
      const row = { ...createRow(person.id, contentOfFields(fields), 'uk'), favorite: 0, is_group: 0, ...change }
      const columns = Object.keys(row)
      sqlite
        .prepare(`INSERT INTO contacts (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`)
        .run(...Object.values(row))
    }
    const remember = (name: string, note: string | undefined, deleted: 'no' | 'perhaps' | 'yes' = 'no') =>
      writer.contacts.push({ name, idempotencyKey: undefined, id: 1, note, unanswered: [], deleted })

    add('right', 'v0')
    remember('right', 'v0')
    remember('never answered', undefined)
    remember('deleted, perhaps', 'v0', 'perhaps')
    const trash = sqlite.prepare(
      `INSERT INTO removed (owner_id, seq, contact_id, content, removed_at) VALUES (?, ?, 1, '{}', '')`,
    )
    trash.run(person.id, 1001)
    expect(findFaults(sqlite, [writer])).toEqual([])

    remember('lost', 'v0')
    add('twice', 'v0')
    add('twice', 'v0')
    remember('twice', 'v0')
    add('stale', 'v0')
    remember('stale', 'v1')
    add('risen', 'v0')
    remember('risen', 'v0', 'yes')
    add('stranger', 'v0')
    add('half', 'v0', { search_key: '' })
    remember('half', 'v0')
    remember('emptied', 'v0', 'yes')
    const contact = (name: string) => writer.contacts.find((one) => one.name === name) as Written
    Object.assign(contact('emptied'), { id: 2 })
    writer.batches.push({ added: [contact('right')], changed: contact('stale'), note: 'v2', gone: contact('right') })
    sqlite.exec(`UPDATE contacts SET seq = 1001 WHERE last_name = 'half'`)
    sqlite
      .prepare(`INSERT INTO users (username, email, email_key, password_hash, created_at) VALUES ('', ?1, ?1, '', '')`)
      .run('alone@example.com')
    writer.accounts.push({ email: 'alone@example.com', isAcknowledged: false })
    writer.accounts.push({ email: 'lost@example.com', isAcknowledged: true })
    expect(findFaults(sqlite, [writer])).toEqual([
      'lost is lost.',
      'twice is there 2 times.',
      'stale is v0, and was acknowledged as v1.',
      'risen was deleted, and is there.',
      'half is not found by what it holds.',
      'emptied was deleted, and is not in the trash.',
      'Of a batch of right only a part was done: true, false.',
      'stranger is there, and nobody asked for it.',
      'alone@example.com has accounts, links, letters, and letters addressed to it: 1 0 0 0.',
      'lost@example.com has accounts, links, letters, and letters addressed to it: 0 0 0 0.',
      'The change number 1001 was given twice.',
    ])
    sqlite.close()
    rmSync(folder, { recursive: true })
  })
})

describe('npm run bench', () => {
  it('-- kill --quick finds all that was acknowledged before kill -9, and half of nothing', async () => {
    const { stdout } = await run(process.execPath, ['scripts/bench.ts', 'kill', '--quick'], {
      env: { ...process.env, DEADLINES: patientDeadlines },
    })
    expect(stdout).toMatch(/^1 times? `kill -9`/m)
    expect(Number(stdout.match(/letter \| \d+ \| (\d+)/)?.[1])).toBeGreaterThan(0)
  })

  it('lists the benchmarks when asked for an unknown one', async () => {
    await expect(run(process.execPath, ['scripts/bench.ts', 'speed'])).rejects.toThrow(/there are: load, profile/)
  })

  it('takes the median of an even and of an odd number of figures', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([30, 10, 20])).toBe(20)
  })
})
