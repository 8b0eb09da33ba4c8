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
  let united = card
  for (const line of other.lines.filter(({ name }) => name === 'BDAY')) {
    const date = dateOf(line)
    if (date === null) continue
    const before = birthdaysOf(united)
    const { birthday, dates } = readFields(united)
    if (before.length === 0) united = withLines(united, other, [line], new Map([[line.group.toUpperCase(), '']]))
    else if (before.some((one) => covers(one, date))) continue
    else if (birthday !== null && covers(date, birthday)) united = editCard(united, { birthday: date })
    else if (!dates.some(({ value, label }) => value === date && label === 'birthday'))
      united = editCard(united, { dates: [...dates, { value: date, label: 'birthday' }] })
  }
  return united
}
