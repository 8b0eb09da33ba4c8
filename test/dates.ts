/** Days and birthdays as they are written. */
import { type LeapDay, nextBirthday, type PlainDate, parseBirthday } from '../src/birthdays/upcoming.ts'

export const on = (text: string): PlainDate => {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  return { year, month, day }
}

export const next = (birthday: string, today: string, leapDay: LeapDay = 'mar1') => {
  const parsed = parseBirthday(birthday)
  if (!parsed) throw new Error(`${birthday} is no birthday`)
  return nextBirthday(parsed, on(today), leapDay)
}
