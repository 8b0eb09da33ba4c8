import { issueUnsubscribeToken } from '../auth/tokens.ts'
import { fullName } from '../contacts/fields.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Services } from '../platform/ports.ts'
import { digestLetter } from './digest-letter.ts'
import {
  type DigestReader,
  type DigestStep,
  findBirthdaysOf,
  findDueReaders,
  type OwnedBirthday,
  queueLetters,
} from './digest-store.ts'
import { daysAfter, nextDigest } from './digest-time.ts'
import { formatDate, monthDaysBetween, type PlainDate, rangesOf, todayIn, upcoming } from './upcoming.ts'

/** The most users that one run looks at. Most have nothing to be told on most days. */
const maxReaders = 100
/** The most letters that one run queues: as many as one run of the outbox sends. */
const maxLetters = 20

/** A user whose letter is due, and what their time zone says about it. */
interface DueReader {
  readonly reader: DigestReader
  readonly today: PlainDate
  readonly nextAt: string | null
  /** Whether a letter may be sent: not for a day that had one, nor to an account that is disabled or unconfirmed. */
  readonly mayWrite: boolean
}

/**
 * Queues the letters about birthdays that are due, at most 20, and moves the next ones of their readers, also of those
 * who have nothing to be told. A letter that is late is about the day on which it is queued. Four statements, however
 * many readers there are.
 */
export async function queueDigests({ db, config }: Pick<Services, 'db' | 'config'>, now = new Date()): Promise<void> {
  const readers = await findDueReaders(db, timestamp(now), maxReaders)
  if (readers.length === 0) return
  const due = readers.map((reader) => schedule(reader, now))
  const ranges = due.filter(({ mayWrite }) => mayWrite).flatMap(rangesOfReader)
  const found = ranges.length === 0 ? [] : await findBirthdaysOf(db, ranges)
  const steps: DigestStep[] = []
  let letters = 0
  for (const one of due) {
    const people = found.filter(({ owner }) => owner === one.reader.id)
    const step = stepOf(one, people, config)
    if (step.letter && ++letters > maxLetters) break
    steps.push(step)
  }
  await queueLetters(db, steps)
}

function schedule(reader: DigestReader, now: Date): DueReader {
  const { birthday_digest: frequency, digest_on: doneOn, disabled, confirmed_at } = reader
  const tz = supportedZone(reader.tz)
  const today = todayIn(tz, now)
  const day = formatDate(today)
  const isDone = doneOn !== null && doneOn >= day
  return {
    reader,
    today,
    nextAt: frequency === null ? null : timestamp(nextDigest({ frequency, tz, doneOn: isDone ? doneOn : day }, now)),
    mayWrite: frequency !== null && !isDone && !disabled && confirmed_at !== null,
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
    ...{ owner: due.reader.id, from, to },
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
    people.length > 0 && frequency !== null ? digestLetter({ to, locale, frequency, people, unsubscribeUrl }) : null
  return { userId, dueAt: reader.next_digest_at, nextAt, day: formatDate(today), letter }
}
