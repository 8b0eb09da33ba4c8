import { findFaults } from './faults.ts'
import { table } from './figures.ts'
import { withServed } from './processes.ts'
import { type Action, countStatuses, Writer } from './writers.ts'

const connections = 32
const actions: readonly Action[] = [
  ...(['create', 'create', 'create', 'repeat', 'update', 'update', 'remove', 'remove', 'read'] as const),
  ...(['batch', 'batch', 'batch'] as const),
]
/** The first writers only sign up: that hashes a password, and hashes wait for one another. */
const signUpWriters = 4

/**
 * Kills the runtime with `kill -9` while it writes, twenty times, on one database, and looks at the database each time.
 * @throws Error when anything acknowledged is missing, or there is half of anything
 */
export async function kill(isQuick: boolean): Promise<string> {
  // The nightly run of the tests kills as often as a measurement, and writes no figures.
  const kills = Number(process.env.KILLS ?? (isQuick ? 2 : 20))
  const books = Array.from({ length: connections }, () => 10)
  return withServed({ books, settings: {} }, async (people, serve, openAfter) => {
    const writers = people.map((person, at) => new Writer(person, `w${at}`))
    for (let round = 0; round < kills; round++) {
      const served = await serve()
      const never = new AbortController().signal
      const writing = Promise.all(
        writers.map((writer, at) => writer.run(served.url, at < signUpWriters ? ['signUp'] : actions, never, true)),
      )
      await new Promise((done) => setTimeout(done, (isQuick ? 1000 : 2000) + Math.random() * (isQuick ? 2000 : 4000)))
      // A busy machine may have acknowledged nothing yet: a kill then would test nothing.
      while (round === 0 && !isUnderWay(writers)) await new Promise((done) => setTimeout(done, 100))
      await served.kill()
      await writing
      const after = await openAfter()
      const faults = findFaults(after, writers)
      after.close()
      if (faults.length > 0) {
        throw new Error(`After ${round + 1} kills ${faults.length} faults:\n${faults.slice(0, 20).join('\n')}`)
      }
    }
    return report(kills, writers)
  })
}

/** Whether a contact and an account were acknowledged. */
const isUnderWay = (writers: readonly Writer[]): boolean =>
  writers.some(({ contacts }) => contacts.some(({ note }) => note !== undefined)) &&
  writers.some(({ accounts }) => accounts.some(({ isAcknowledged }) => isAcknowledged))

function report(kills: number, writers: readonly Writer[]): string {
  const contacts = writers.flatMap((writer) => writer.contacts)
  const accounts = writers.flatMap((writer) => writer.accounts)
  const batches = writers.flatMap((writer) => writer.batches).length
  const broken = countStatuses(writers).get(0) ?? 0
  const answered = contacts.filter(({ note }) => note !== undefined).length
  const opened = accounts.filter(({ isAcknowledged }) => isAcknowledged).length
  const sum = `${kills} times \`kill -9\` while ${connections} connections wrote`
  return [
    `${sum}; ${broken} requests were under way when it came, ${batches} of them atomic batches.`,
    table(
      ['', 'Asked for', 'Acknowledged', 'Acknowledged and not there', 'Half there'],
      [
        ['Contacts (added, changed, deleted)', `${contacts.length}`, `${answered}`, '0', '0'],
        ['Accounts, each with its link and its letter', `${accounts.length}`, `${opened}`, '0', '0'],
      ],
    ),
  ].join('\n\n')
}
