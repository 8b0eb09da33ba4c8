import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { populate, vars } from './population.ts'
import { residentMiB, serveApart } from './processes.ts'
import { build, createDatabase, openDatabase } from './runtime.ts'
import { type Action, faults, together, Writer } from './writers.ts'

const people = 50
const connections = 64

/** Of ten requests six read, as people's do. */
const actions: readonly Action[] = [
  'list',
  'read',
  'read',
  'search',
  'birthdays',
  'me',
  'create',
  'create',
  'update',
  'remove',
  'repeat',
  'list',
]

/** As by default, but for what one person may write: else nearly every answer would be 429. */
const limits = 'contacts-read=600/60s,contacts-create=50/5s,contacts-write=300/60s'

/**
 * Sixty-four connections of fifty people read and write for five minutes; then the database is compared with what they
 * were told.
 * @throws Error when an answer was an error other than 429, or anything acknowledged is not there, or is there twice
 */
export async function soak(quick: boolean): Promise<string> {
  const seconds = quick ? 5 : 300
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-soak-'))
  try {
    const sqlite = await createDatabase(folder)
    const everyone = await populate(sqlite, people, quick ? 50 : 500)
    sqlite.close()
    const [code, settings] = [join(folder, 'service.mjs'), join(folder, 'vars.json')]
    await writeFile(code, (await build()).code)
    await writeFile(settings, JSON.stringify({ ...vars, RATE_LIMITS: limits }))
    const served = await serveApart(folder, code, settings)
    const writers = Array.from({ length: connections }, (_, at) => {
      const person = everyone[at % everyone.length]
      if (!person) throw new Error('There is nobody to write as.')
      return new Writer(person, `w${at}`)
    })
    const memory: number[] = []
    const sampling = setInterval(() => memory.push(residentMiB(served.runtimePid)), (seconds / 60) * 1000)
    const stop = AbortSignal.timeout(seconds * 1000)
    await Promise.all(writers.map((writer) => writer.run(served.url, actions, stop, false)))
    clearInterval(sampling)
    await served.stop()

    const after = await openDatabase(folder)
    const wrong = faults(after, writers)
    after.close()
    const statuses = together(writers)
    const errors = [...statuses].filter(([status]) => status === 0 || (status >= 400 && status !== 429))
    if (errors.length > 0) wrong.push(`Errors were answered: ${JSON.stringify(errors)}.`)
    const fifths = fifthsOf(memory)
    if (!quick && grows(fifths)) wrong.push(`The runtime’s memory goes on growing: ${fifths.join(', ')} MiB.`)
    if (wrong.length > 0) throw new Error(`The soak found ${wrong.length} faults:\n${wrong.slice(0, 20).join('\n')}`)
    return report(seconds, writers, statuses, fifths)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The means of each fifth of a run. */
const fifthsOf = (samples: readonly number[]): number[] =>
  Array.from({ length: 5 }, (_, at) => {
    const part = samples.slice((samples.length * at) / 5, (samples.length * (at + 1)) / 5)
    return Math.round(part.reduce((sum, one) => sum + one, 0) / part.length)
  })

/**
 * Whether memory goes on growing: from the middle fifth of a run to the last it may rise by a quarter, since V8's heap
 * and SQLite's cache take some minutes to fill.
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
    '| Answer | How often |',
    '|---|---|',
    ...[...statuses].map(([status, count]) => `| ${status} | ${count} |`),
    '',
    `Contacts acknowledged: ${contacts.length}, of which deleted again: ${contacts.filter(({ deleted }) => deleted === 'yes').length}. Lost: 0. There twice: 0.`,
    '',
    `The runtime’s memory in each fifth of the time, in MiB: ${fifths.join(', ')}.`,
  ].join('\n')
}
