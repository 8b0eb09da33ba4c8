import { issueUnsubscribeToken } from '../auth/tokens.ts'
import { fullName } from '../contacts/fields.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { smtpOptionsOf } from '../platform/mail/smtp-options.ts'
import type { Services } from '../platform/ports.ts'
import { errorForLog } from '../platform/safe-errors.ts'
import { digestLetter, maxPeople } from './digest-letter.ts'
import {
  type DigestReader,
  type DigestStep,
  dropLateLetters,
  findBirthdaysOf,
  findDueReaders,
  type OwnedBirthday,
  queueLetters,
} from './digest-store.ts'
import { daysAfter, nextDigest } from './digest-time.ts'
import { addDays, formatDate, monthDaysBetween, type PlainDate, rangesOf, todayIn, upcoming } from './upcoming.ts'

/** The most users that one run looks at. Most have nothing to be told on most days. */
const maxReaders = 100
/** The most letters that one run queues: as many as one run of the outbox sends. */
const maxLetters = 20
/** How long a letter may wait to be sent: after that, its day is over. */
const usefulMs = 24 * 3_600_000

/** A user whose letter is due, and what their time zone says about it. */
interface DueReader {
  readonly reader: DigestReader
  readonly today: PlainDate
  readonly nextAt: string | null
  /**
   * Whether a letter may be sent: not for a day that had one, nor to an account that is disabled or unconfirmed, nor
   * without a mail server.
   */
  readonly mayWrite: boolean
}

/**
 * Queues the letters about birthdays that are due, at most 20 (none without a mail server), and moves the next ones of
 * their readers, also of those who have nothing to be told. A letter that is late is about the day on which it is
 * queued. A few statements, however many readers there are, unless a write fails: then each reader's is tried alone, so
 * that it stops nobody else's.
 */
export async function queueDigests({ db, config }: Pick<Services, 'db' | 'config'>, now = new Date()): Promise<void> {
  await dropLateLetters(db, timestamp(Date.now() - usefulMs))
  const readers = await findDueReaders(db, timestamp(now), maxReaders)
  if (readers.length === 0) return
  const hasMailer = smtpOptionsOf(config) !== null
  const due = readers.map((reader) => schedule(reader, now, hasMailer))
  const ranges = due.filter(({ mayWrite }) => mayWrite).flatMap(rangesOfReader)
  const found = ranges.length === 0 ? [] : await findBirthdaysOf(db, ranges, maxPeople)
  const steps: DigestStep[] = []
  let letters = 0
  for (const one of due) {
    const people = found.filter(({ owner }) => owner === one.reader.id)
    const step = stepOf(one, people, config)
    if (step.letter && ++letters > maxLetters) break
    steps.push(step)
  }
  await writeSteps(db, steps)
}

/**
 * Writes the steps of several readers. If that fails, writes those of each reader alone. A reader whose letter cannot
 * be written misses it, and the next one is moved on.
 * @throws the error if not even that can be written
 */
async function writeSteps(db: Database, steps: readonly DigestStep[]): Promise<void> {
  try {
    await queueLetters(db, steps)
  } catch (error) {
    const [first, ...others] = steps
    if (!first) return
    if (others.length > 0) {
      for (const step of steps) await writeSteps(db, [step])
      return
    }
    if (!first.letter) throw error
    console.error(JSON.stringify({ level: 'error', job: 'birthday-digest', user: first.userId, ...errorForLog(error) }))
    await queueLetters(db, [{ ...first, letter: null }])
  }
}

function schedule(reader: DigestReader, now: Date, hasMailer: boolean): DueReader {
  const { birthday_digest: frequency, digest_on: doneOn, disabled, confirmed_at } = reader
  const tz = supportedZone(reader.tz)
  const today = todayIn(tz, now)
  const day = formatDate(today)
  const isDone = doneOn !== null && doneOn >= day
  return {
    reader,
    today,
    nextAt: frequency === null ? null : timestamp(nextDigest({ frequency, tz, doneOn: isDone ? doneOn : day }, now)),
    mayWrite: hasMailer && frequency !== null && !isDone && !disabled && confirmed_at !== null,
  }
}

/** A zone that this runtime knows: UTC in place of one that was removed, so that one reader cannot stop the others. */
function supportedZone(tz: string): string {
  try {
    todayIn(tz, new Date(0))
    return tz
  } catch {
    return 'UTC'
  }
}

const daysOf = ({ reader }: DueReader): number => daysAfter(reader.birthday_digest ?? 'daily')

const rangesOfReader = (due: DueReader) =>
  rangesOf(monthDaysBetween(due.today, daysOf(due), due.reader.leap_day)).map(([from, to]) => ({
    ...{ owner: due.reader.id, from, to, until: formatDate(addDays(due.today, daysOf(due))) },
  }))

function stepOf(due: DueReader, found: readonly OwnedBirthday[], config: Configuration): DigestStep {
  const { reader, today, nextAt, mayWrite } = due
  const { id: userId, email: to, locale, birthday_digest: frequency } = reader
  const candidates = found.flatMap(({ birthday, ...row }) =>
    birthday === null ? [] : [{ birthday, name: row.full_name ?? fullName(row) }],
  )
  const people = mayWrite ? upcoming(candidates, today, daysOf(due), reader.leap_day) : []
  const unsubscribeUrl = `${config.PUBLIC_URL}/unsubscribe/${issueUnsubscribeToken(userId, config)}`
  const letter =
    people.length > 0 && frequency !== null
      ? digestLetter({ to, locale, frequency, people, more: (found[0]?.people ?? 0) - found.length, unsubscribeUrl })
      : null
  return { userId, dueAt: reader.next_digest_at, nextAt, day: formatDate(today), letter }
}
