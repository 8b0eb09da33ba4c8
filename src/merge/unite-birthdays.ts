import type { Card } from '../cards/card.ts'
import { isDate } from '../cards/dates.ts'
import { editCard } from '../cards/edit.ts'
import { dateOf } from '../cards/kinds.ts'
import { readFields } from '../cards/read.ts'
import { withLines } from './unite-lists.ts'

const birthdaysOf = (card: Card): string[] =>
  card.lines
    .filter(({ name }) => name === 'BDAY')
    .map(dateOf)
    .filter((date) => date !== null)

/** Whether a date says all that another one says: the same, or the same day without its year. */
const covers = (one: string, other: string): boolean =>
  one === other || (isDate(one) && other.startsWith('--') && one.endsWith(other.replace('--', '-')))

/**
 * Adds the birthdays of another vCard. The same day with its year replaces one without; any other birthday, and a text
 * that is no date, goes to the list of dates, labeled `birthday`.
 */
export function uniteBirthdays(card: Card, other: Card): Card {
  const lines = other.lines.filter(({ name }) => name === 'BDAY')
  if (lines.length === 0) return card
  let united = card
  const there = birthdaysOf(card)
  let { birthday, dates } = readFields(card)
  for (const line of lines) {
    const date = dateOf(line)
    if (date === null || there.some((one) => covers(one, date))) continue
    if (there.length === 0) {
      united = withLines(united, other, [line], new Map([[line.group.toUpperCase(), '']]))
      birthday = readFields(united).birthday
      there.push(date)
    } else if (birthday !== null && covers(date, birthday)) {
      birthday = date
      there.push(date)
    } else if (!dates.some(({ value, label }) => value === date && label === 'birthday')) {
      dates = [...dates, { value: date, label: 'birthday' }]
    }
  }
  // One edit, because each takes as long as the vCard has lines.
  const fields = readFields(united)
  return editCard(united, {
    ...(birthday === fields.birthday ? {} : { birthday }),
    ...(dates.length === fields.dates.length ? {} : { dates }),
  })
}
