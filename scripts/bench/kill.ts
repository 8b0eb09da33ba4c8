import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { populate, vars } from './population.ts'
import { serveApart } from './processes.ts'
import { build, createDatabase, openDatabase } from './runtime.ts'
import { type Action, faults, together, Writer } from './writers.ts'

const connections = 32
const actions: readonly Action[] = ['create', 'create', 'create', 'repeat', 'update', 'update', 'remove', 'read']
/** A few do nothing but sign up: it takes a hash of a password, and those wait for one another. */
const signingUp: readonly Action[] = ['signUp']
const few = 4

/**
 * Kills the runtime with `kill -9` while it writes, twenty times, on one database, and looks at the database each time.
 * @throws Error when anything acknowledged is not there, or there is half of anything
 */
export async function kill(quick: boolean): Promise<string> {
  const kills = quick ? 2 : 20
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-kill-'))
  try {
    const sqlite = await createDatabase(folder)
    const everyone = await populate(sqlite, connections, 10)
    sqlite.close()
    const [code, settings] = [join(folder, 'service.mjs'), join(folder, 'vars.json')]
    await writeFile(code, (await build()).code)
    await writeFile(settings, JSON.stringify(vars))
    const writers = everyone.map((person, at) => new Writer(person, `w${at}`))
    let broken = 0
    for (let round = 0; round < kills; round++) {
      const served = await serveApart(folder, code, settings)
      const never = new AbortController().signal
      const writing = Promise.all(
        writers.map((writer, at) => writer.run(served.url, at < few ? signingUp : actions, never, true)),
      )
      await new Promise((done) => setTimeout(done, (quick ? 1000 : 2000) + Math.random() * (quick ? 2000 : 4000)))
      // A busy machine may have acknowledged nothing yet: a kill then would test nothing.
      while (round === 0 && !isUnderWay(writers)) await new Promise((done) => setTimeout(done, 100))
      await served.kill()
      await writing
      const after = await openDatabase(folder)
      const wrong = faults(after, writers)
      after.close()
      if (wrong.length > 0) {
        throw new Error(`After ${round + 1} kills ${wrong.length} faults:\n${wrong.slice(0, 20).join('\n')}`)
      }
      broken = together(writers).get(0) ?? 0
    }
    return report(kills, broken, writers)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Whether a contact and an account were acknowledged. */
const isUnderWay = (writers: readonly Writer[]): boolean =>
  writers.some(({ contacts }) => contacts.some(({ note }) => note !== undefined)) &&
  writers.some(({ accounts }) => accounts.some(({ acknowledged }) => acknowledged))

function report(kills: number, broken: number, writers: readonly Writer[]): string {
  const contacts = writers.flatMap((writer) => writer.contacts)
  const accounts = writers.flatMap((writer) => writer.accounts)
  const acknowledged = contacts.filter(({ note }) => note !== undefined)
  return [
    `${kills} times \`kill -9\` while ${connections} connections wrote; ${broken} requests were under way when it came.`,
    '',
    '| | Asked for | Acknowledged | Acknowledged and not there | Half there |',
    '|---|---|---|---|---|',
    `| Contacts (added, changed, deleted) | ${contacts.length} | ${acknowledged.length} | 0 | 0 |`,
    `| Accounts, each with its link and its letter | ${accounts.length} | ${accounts.filter((one) => one.acknowledged).length} | 0 | 0 |`,
  ].join('\n')
}
