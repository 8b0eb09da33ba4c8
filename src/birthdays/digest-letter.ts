import { layOut } from '../platform/mail/layout.tsx'
import type { OutboxLetter } from '../platform/mail/outbox-store.ts'
import { truncate } from '../platform/text/truncate.ts'
import type { Frequency } from './digest-time.ts'
import { digestKind } from './letter-kinds.ts'
import { maxName } from './store.ts'
import type { NextBirthday } from './upcoming.ts'

/** Somebody whose birthday it is. */
export interface DigestPerson extends NextBirthday {
  readonly name: string
}

/** A letter about birthdays: to whom, and about whom. */
interface Digest {
  readonly to: string
  readonly locale: 'en' | 'uk'
  readonly frequency: Frequency
  /** In the order of their birthdays. */
  readonly people: readonly DigestPerson[]
  /** How many more there are. */
  readonly more: number
  /** Where these letters can be ended. */
  readonly unsubscribeUrl: string
}

/** The most people that a letter names. */
export const maxPeople = 100

// No subject has a name: admins see subjects, and contacts are their owner's alone.
const words = {
  en: {
    daily: 'Birthdays today',
    weekly: 'Birthdays in the coming week',
    turns: (age: number) => ` (turns ${age})`,
    more: (count: number) => `And ${count} more.`,
    button: 'Stop these letters',
    footer: 'You chose to get this letter in your Vizitka account.',
  },
  uk: {
    daily: 'Дні народження сьогодні',
    weekly: 'Дні народження найближчого тижня',
    turns: (age: number) => ` (виповнюється ${age})`,
    more: (count: number) => `І ще ${count}.`,
    button: 'Більше не надсилати',
    footer: 'Ви обрали цей лист у своєму обліковому записі Vizitka.',
  },
} as const

/** The letter that says whose birthday it is: who, when, and how old they turn. */
export function digestLetter({ to, locale, frequency, people, more, unsubscribeUrl }: Digest): OutboxLetter {
  const say = words[locale]
  const paragraphs = [...people.map((person) => lineOf(person, locale)), ...(more > 0 ? [say.more(more)] : [])]
  return {
    kind: digestKind,
    to,
    subject: say[frequency],
    unsubscribeUrl,
    ...layOut({
      lang: locale,
      title: say[frequency],
      paragraphs,
      action: { label: say.button, url: unsubscribeUrl },
      footer: say.footer,
    }),
  }
}

/** Formatters of dates by language: creating one takes long. */
const dates = {
  en: new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }),
  uk: new Intl.DateTimeFormat('uk', { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }),
}

function lineOf({ name, next_birthday, turns }: DigestPerson, locale: 'en' | 'uk'): string {
  const date = dates[locale].format(new Date(`${next_birthday}T00:00:00Z`))
  // Somebody who is born today turns nothing yet.
  const age = turns === null || turns === 0 ? '' : words[locale].turns(turns)
  return `${date}: ${truncate(name, maxName).replace(/\s+/g, ' ')}${age}`
}
