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

/** The defaults, but for what one person may write: else nearly every answer would be 429. */
const limits = 'contacts-read=600/60s,contacts-create=50/5s,contacts-write=300/60s'

/**
 * Has sixty-four connections of fifty people read and write for five minutes, then compares the database with what was
 * acknowledged.
 * @throws Error when an answer was an error other than 429, or anything acknowledged is missing or doubled
 */
export async function soak(isQuick: boolean): Promise<string> {
  const seconds = isQuick ? 5 : 300
  const books = Array.from({ length: people }, () => (isQuick ? 50 : 500))
  return withServed({ books, settings: { RATE_LIMITS: limits } }, async (persons, serve, openAfter) => {
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

    const after = await openAfter()
    const faults = findFaults(after, writers)
    after.close()
    const statuses = countStatuses(writers)
    const errors = [...statuses].filter(([status]) => status === 0 || (status >= 400 && status !== 429))
    if (errors.length > 0) faults.push(`Errors were answered: ${JSON.stringify(errors)}.`)
    const fifths = fifthsOf(memory)
    if (!isQuick && grows(fifths)) faults.push(`The runtime’s memory goes on growing: ${fifths.join(', ')} MiB.`)
    if (faults.length > 0) throw new Error(`The soak found ${faults.length} faults:\n${faults.slice(0, 20).join('\n')}`)
    return report(seconds, writers, statuses, fifths)
  })
}

/** The mean of each fifth of a run. */
const fifthsOf = (samples: readonly number[]): number[] =>
  Array.from({ length: 5 }, (_, at) => {
    const part = samples.slice((samples.length * at) / 5, (samples.length * (at + 1)) / 5)
    return Math.round(part.reduce((sum, one) => sum + one, 0) / part.length)
  })

/**
 * Decides whether memory goes on growing: from the middle fifth of a run to the last it may rise by a quarter, since
 * V8's heap and SQLite's cache take some minutes to fill.
 */
export const grows = ([, , middle = 0, , last = 0]: readonly number[]): boolean => last > 1.25 * middle

function report(
  seconds: number,
  writers: readonly Writer[],
  statuses: ReadonlyMap<number, number>,
  fifths: readonly number[],
): string {
  const contacts = writers.flatMap((writer) => writer.contacts).filter(({ note }) => note !== undefined)
  const answers = [...statuses.values()].reduce((sum, count) => sum + count, 0)
  return [
    `${connections} connections of ${people} people for ${seconds} seconds: ${answers} answers, ${Math.round(answers / seconds)} a second.`,
    '',
    table(
      ['Answer', 'How often'],
      [...statuses].map(([status, count]) => [`${status}`, `${count}`]),
    ),
    '',
    `Contacts acknowledged: ${contacts.length}, of which deleted again: ${contacts.filter(({ deleted }) => deleted === 'yes').length}. Lost: 0. There twice: 0.`,
    '',
    `The runtime’s memory in each fifth of the time, in MiB: ${fifths.join(', ')}.`,
  ].join('\n')
}
