import { readDate } from '../../cards/dates.ts'

/** How a file writes dates, which its other rows tell. */
export interface DateRule {
  /** Which of day and month comes first in `3.4.1990`. */
  readonly order: 'dmy' | 'mdy'
  /** Whether a date of the file proves it; else it is what the separator makes likely. */
  readonly isProved: boolean
  /** The year of the import: years of two digits are of the hundred years up to it. */
  readonly year: number
}

/** `31.12.1990`, `12/31/90`, `1990-12-31`, `31.12.`, `1990. 12. 31.` */
const numeric = /^(\d{1,4})\s?([./-])\s?(\d{1,2})(?:\s?\2\s?(\d{1,4}))?\.?$/
const chinese = /^(?:(\d{4})\s?年)?\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日$/
const dayFirst =
  /^(\d{1,2})(?:st|nd|rd|th|\.)?[ -]?(?:de )?(\p{L}{3,12})\.?(?:,? ?(?:de )?[ -]?(\d{4}|\d\d))?(?: ?[рг]\.?)?$/u
const monthFirst = /^(\p{L}{3,12})\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?$/u
const time = /[ ,T]+\d{1,2}:\d\d.*$/s

/** How the names of the months begin, in several languages. */
const months = [
  'jan|січ|янв|ene|gen|sty',
  'feb|лют|фев|fév|lut',
  'mar|бер|мар|mär|mrz',
  'apr|кві|апр|avr|abr|kwi',
  'may|mai|тра|май|мая|mag|maj',
  'jun|чер|июн|juin|giu|cze',
  'jul|лип|июл|juil|lug|lip',
  'aug|сер|авг|aoû|ago|sie',
  'sep|вер|сен|set|wrz',
  'oct|okt|жов|окт|ott|paź',
  'nov|лис|ноя|lis',
  'dec|dez|гру|дек|déc|dic|gru',
].map((beginnings) => new RegExp(`^(?:${beginnings})`, 'u'))

/** Longer texts are no dates. */
const maxLength = 40

/** The four digits of a year, or 0000 where there is none. */
const yearOf = (text: string | undefined, latest: number): string => {
  if (text?.length !== 2) return (text ?? '0').padStart(4, '0')
  const year = Math.floor(latest / 100) * 100 + Number(text)
  return String(year > latest ? year - 100 : year)
}

const iso = (year: string, month: string | number, day: string): string | null =>
  readDate(`${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`)

/** What a numeric date proves about the order of a file; undefined for what proves nothing. */
export function orderOf(value: string): DateRule['order'] | undefined {
  const [, first = '', , second = ''] = value.length <= maxLength ? (numeric.exec(value.replace(time, '')) ?? []) : []
  if (first.length > 2) return undefined
  if (Number(first) > 12) return Number(second) <= 12 && second !== '' ? 'dmy' : undefined
  return Number(second) > 12 ? 'mdy' : undefined
}

/** Whether a value is a numeric date that either order could be meant by. */
export const isAmbiguous = (value: string): boolean => {
  const [, first = '', , second = ''] = value.length <= maxLength ? (numeric.exec(value.replace(time, '')) ?? []) : []
  return first.length <= 2 && first !== second && first !== '' && orderOf(value) === undefined
}

/** The rule of a file's dates, by all of them. Slashes without proof are read as Google and Outlook write them. */
export function findDateRule(values: readonly string[], year: number): DateRule {
  const orders = values.map(orderOf)
  const count = (order: DateRule['order']): number => orders.filter((one) => one === order).length
  const [days, months] = [count('dmy'), count('mdy')]
  if (days !== months) return { order: days > months ? 'dmy' : 'mdy', isProved: true, year }
  const hasSlashes = values.some((value) => /^\d{1,2}\//.test(value))
  return { order: hasSlashes ? 'mdy' : 'dmy', isProved: false, year }
}

/** A date that is written with the month's name. */
function readNamed(value: string, { year }: DateRule): string | null {
  const lower = value.toLowerCase()
  const [, first, second, written] = dayFirst.exec(lower) ?? []
  const [, name = second, day = first, also = written] = monthFirst.exec(lower) ?? []
  const month = months.findIndex((one) => one.test(name ?? '')) + 1
  return month > 0 && day !== undefined ? iso(yearOf(also, year), month, day) : null
}

/**
 * A date as cards have it: `YYYY-MM-DD`, or `--MM-DD` where the year is not written, 0000 or 1604. Null for what is no
 * date. A date that only the other order makes one is read in that.
 */
export function readCsvDate(text: string, rule: DateRule): string | null {
  if (text.length > maxLength) return null
  const value = text.trim().replace(time, '')
  const written = readDate(text.trim()) ?? readDate(value)
  if (written !== null) return written
  const cjk = chinese.exec(value)
  if (cjk) return iso(yearOf(cjk[1], rule.year), cjk[2] ?? '', cjk[3] ?? '')
  const [, first = '', , second = '', third] = numeric.exec(value) ?? []
  if (first === '') return readNamed(value, rule)
  if (first.length === 4) return third === undefined || third.length > 2 ? null : iso(first, second, third)
  if (first.length === 3 || third?.length === 1 || third?.length === 3) return null
  const order = orderOf(value) ?? rule.order
  const [day, month] = order === 'dmy' ? [first, second] : [second, first]
  return iso(yearOf(third, rule.year), month, day)
}
