import { findFaults } from './faults.ts'
import { table } from './figures.ts'
import { residentMiB, withServed } from './processes.ts'
import { type Action, countStatuses, Writer } from './writers.ts'

const people = 50
const connections = 64

/** Of twelve requests seven read, as people's do. */
const actions: readonly Action[] = [
  ...(['list', 'read', 'read', 'search', 'birthdays', 'me', 'list'] as const),
  ...(['create', 'create', 'update', 'remove', 'repeat'] as const),
]

/** The default limits, but more writes for each person: otherwise nearly every response would be 429. */
const settings = { RATE_LIMITS: 'contacts-read=600/60s,contacts-create=50/5s,contacts-write=300/60s' }

/**
 * Reads and writes over 64 connections of 50 people for five minutes, then compares the database with the acknowledged
 * writes.
 * @throws Error if a response was an error other than 429, or an acknowledged write is missing or doubled
 */
export async function soak(isQuick: boolean): Promise<string> {
  const seconds = isQuick ? 5 : 300
  const books = Array.from({ length: people }, () => (isQuick ? 50 : 500))
  return withServed({ books, settings }, async (persons, serve, inspect) => {
    const served = await serve()
    const writers = Array.from({ length: connections }, (_, at) => {
      const person = persons[at % persons.length]
      if (!person) throw new Error('There is nobody to write as.')
      return new Writer(person, `w${at}`)
    })
    const memory: number[] = []
    const sampling = setInterval(() => memory.push(residentMiB(served.runtimePid)), (seconds / 60) * 1000)
    const stop = AbortSignal.timeout(seconds * 1000)
    await Promise.all(writers.map((writer) => writer.run(served.url, actions, stop, false)))
    clearInterval(sampling)
    await served.stop()

    const faults = await inspect((database) => findFaults(database, writers))
    const statuses = [...countStatuses(writers)]
    const errors = statuses.filter(([status]) => status === 0 || (status >= 400 && status !== 429))
    if (errors.length > 0) faults.push(`Errors were answered: ${JSON.stringify(errors)}.`)
    const fifths = fifthsOf(memory)
    if (!isQuick && grows(fifths)) faults.push(`The runtime’s memory goes on growing: ${fifths.join(', ')} MiB.`)
    if (faults.length > 0) throw new Error(`The soak found ${faults.length} faults:\n${faults.slice(0, 20).join('\n')}`)

    const contacts = writers.flatMap((writer) => writer.contacts).filter(({ note }) => note !== undefined)
    const deleted = contacts.filter((contact) => contact.deleted === 'yes').length
    const answers = statuses.reduce((sum, [, count]) => sum + count, 0)
    return [
      `${connections} connections of ${people} people for ${seconds} seconds: ${answers} answers, ${Math.round(answers / seconds)} a second.`,
      table(
        ['Answer', 'How often'],
        statuses.map((one) => one.map(String)),
      ),
      `Contacts acknowledged: ${contacts.length}, of which deleted again: ${deleted}. Lost: 0. There twice: 0.`,
      `The runtime’s memory in each fifth of the time, in MiB: ${fifths.join(', ')}.`,
    ].join('\n\n')
  })
}

/** The mean of each fifth of a run. */
const fifthsOf = (samples: readonly number[]): number[] =>
  Array.from({ length: 5 }, (_, at) => {
    const part = samples.slice((samples.length * at) / 5, (samples.length * (at + 1)) / 5)
    return Math.round(part.reduce((sum, one) => sum + one, 0) / part.length)
  })

/**
 * Decides whether memory keeps growing: from the middle fifth of a run to the last it may grow by a quarter, because
 * V8's heap and SQLite's cache take some minutes to fill.
 */
export const grows = ([, , middle = 0, , last = 0]: readonly number[]): boolean => last > 1.25 * middle
