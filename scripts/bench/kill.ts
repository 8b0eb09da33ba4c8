import { findFaults } from './faults.ts'
import { table } from './figures.ts'
import { withServed } from './processes.ts'
import { type Action, countStatuses, Writer } from './writers.ts'

const connections = 32
const actions: readonly Action[] = [
  ...(['create', 'create', 'create', 'repeat', 'update', 'update', 'remove', 'remove', 'read'] as const),
  ...(['batch', 'batch', 'batch'] as const),
]
/** The first writers only sign up: each signup hashes a password, and hashes wait for one another. */
const signUpWriters = 4

/**
 * Ends the runtime twenty times by `kill -9` while it writes to one database, and checks the database each time.
 * @throws Error if an acknowledged write is missing, or a write is half there
 */
export async function kill(isQuick: boolean): Promise<string> {
  // The nightly tests kill as often as a measurement, but write no figures.
  const kills = Number(process.env.KILLS ?? (isQuick ? 1 : 20))
  const books = Array.from({ length: connections }, () => 10)
  return withServed({ books, settings: {} }, async (people, serve, inspect) => {
    const writers = people.map((person, at) => new Writer(person, `w${at}`))
    const all = () => ({
      contacts: writers.flatMap((writer) => writer.contacts),
      accounts: writers.flatMap((writer) => writer.accounts),
      acknowledged: writers.flatMap((writer) => writer.contacts).filter(({ note }) => note !== undefined).length,
      signedUp: writers.flatMap((writer) => writer.accounts).filter((account) => account.isAcknowledged).length,
    })
    for (let round = 0; round < kills; round++) {
      const served = await serve()
      const never = new AbortController().signal
      const writing = Promise.all(
        writers.map((writer, at) => writer.run(served.url, at < signUpWriters ? ['signUp'] : actions, never, true)),
      )
      await new Promise((done) => setTimeout(done, (isQuick ? 1000 : 2000) + Math.random() * (isQuick ? 2000 : 4000)))
      // On a busy machine nothing may be acknowledged yet; a kill would then test nothing.
      while (all().acknowledged === 0 || all().signedUp === 0) await new Promise((done) => setTimeout(done, 100))
      await served.kill()
      await writing
      const faults = await inspect((database) => findFaults(database, writers))
      if (faults.length > 0) {
        throw new Error(`After ${round + 1} kills ${faults.length} faults:\n${faults.slice(0, 20).join('\n')}`)
      }
    }
    const { contacts, accounts, acknowledged, signedUp } = all()
    const batches = writers.flatMap((writer) => writer.batches).length
    const broken = countStatuses(writers).get(0) ?? 0
    return [
      `${kills} times \`kill -9\` while ${connections} connections wrote; ${broken} requests were under way when it came, ${batches} of them atomic batches.`,
      table(
        ['', 'Asked for', 'Acknowledged', 'Acknowledged and not there', 'Half there'],
        [
          ['Contacts (added, changed, deleted)', `${contacts.length}`, `${acknowledged}`, '0', '0'],
          ['Accounts, each with its link and its letter', `${accounts.length}`, `${signedUp}`, '0', '0'],
        ],
      ),
    ].join('\n\n')
  })
}
