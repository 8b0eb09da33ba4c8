import {
  base,
  de,
  en,
  es,
  Faker,
  fr,
  generateMersenne53Randomizer,
  type LocaleDefinition,
  pl,
  tr,
  uk,
} from '@faker-js/faker'
import { addDays, formatDate } from '../src/birthdays/upcoming.ts'
import { type ContactFields, withDefaults } from '../src/contacts/fields.ts'

/** A contact as `POST /api/contacts` takes it. */
export type DemoPerson = ContactFields

/**
 * Makes plausible people from many countries, about half of them Ukrainian. The same `seed` makes the same people in
 * the same order; a larger `count` adds more at the end. Nobody is real: e-mails are at example.com, .org and .net (RFC
 * 2606), and phones come from the ranges that a country keeps for fiction, or have 555 in them.
 */
export function people(count: number, seed = 1): DemoPerson[] {
  const randomizer = generateMersenne53Randomizer(seed)
  const fakerOf = (locale: LocaleDefinition) => new Faker({ locale: [locale, en, base], randomizer })
  const english = fakerOf(en)
  const weighted = cultures.map(([weight, locale, ...phones]) => ({
    weight,
    value: { faker: fakerOf(locale), phones },
  }))
  const takenEmails = new Set<string>()
  return Array.from({ length: count }, (_, index) => {
    const { faker, phones } = english.helpers.weightedArrayElement(weighted)
    const name = nameOf(index, faker)
    const missing = faker.number.float()
    const maybe = (probability: number, make: () => string) => faker.helpers.maybe(make, { probability }) ?? null
    return withDefaults({
      first_name: missing < 0.02 ? null : name.first,
      last_name: missing > 0.92 ? null : name.last,
      email: maybe(0.74, () => emailOf(name, english, takenEmails)),
      phone: maybe(0.86, () => faker.helpers.arrayElement(phones).replace(/#/g, () => faker.string.numeric())),
      birthday: birthdayOf(index, faker),
      additional: maybe(0.3, () => faker.helpers.arrayElement(notes)),
      favorite: faker.datatype.boolean(0.08) || index === 4, // a short list has one too
    })
  })
}

interface Name {
  readonly first: string
  readonly last: string
}

/** Every 25th name is one of {@link edgeNames}; faker writes the others. */
function nameOf(index: number, faker: Faker): Name {
  const sex = faker.person.sexType()
  const name = { first: faker.person.firstName(sex), last: faker.person.lastName(sex) }
  if (index % 25 !== 3) return { first: clean(name.first), last: clean(name.last) }
  const [first = '', last = ''] = edgeNames[((index - 3) / 25) % edgeNames.length] ?? []
  return { first, last }
}

const clean = (name: string): string => name.normalize('NFC').replaceAll("'", '’').trim()

/** Makes an address that nobody else has. A name in a script that faker does not transliterate gets English words. */
function emailOf({ first, last }: Name, english: Faker, taken: Set<string>): string {
  const ascii = (name: string) =>
    name.replace(/[ьЬ’' .-]/g, '').replace(/[іїєґłđœı]/gi, (letter) => latin[letter.toLowerCase()] ?? '')
  const names = /^[\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}’' .-]+$/u.test(first + last)
    ? { firstName: ascii(first), lastName: ascii(last) }
    : {}
  let email = english.internet.exampleEmail(names).replaceAll('-', '')
  while (taken.has(email.toLowerCase())) email = email.replace('@', `${english.string.numeric()}@`)
  taken.add(email.toLowerCase())
  return english.datatype.boolean(0.04) ? email : email.toLowerCase()
}

/** Letters that faker does not transliterate. */
const latin: Readonly<Record<string, string>> = { і: 'i', ї: 'i', є: 'ie', ґ: 'g', ł: 'l', đ: 'd', œ: 'oe', ı: 'i' }

/**
 * Steps through the year by the golden ratio, so that even a few people are spread over all of it. Some were born on 29
 * February, and of some the year is unknown; among the first twenty are one of each.
 */
function birthdayOf(index: number, faker: Faker): string | null {
  const kind = faker.number.float()
  const year = faker.number.int({ min: 1938, max: 2017 })
  const leapYear = 1940 + 4 * faker.number.int({ max: 18 })
  const dayOfYear = Math.floor(((index * 0.618033988749895 + 0.4) % 1) * 365)
  const monthDay = formatDate(addDays({ year: 2001, month: 1, day: 1 }, dayOfYear)).slice('2001-'.length)
  if (index === 9) return `${leapYear}-02-29`
  if (index === 17 || kind < 0.002) return '--02-29'
  if (kind < 0.006) return `${leapYear}-02-29`
  if (index === 13 || kind < 0.13) return `--${monthDay}`
  return kind < 0.84 ? `${year}-${monthDay}` : null
}

/**
 * Names that software trips over: apostrophes, letters that fold in odd ways, double names, text from right to left,
 * scripts that faker's cultures below lack.
 */
const edgeNames: readonly (readonly [string, string])[] = [
  ['Мар’яна', 'Лук’янчук'],
  ['Ґалаґан', 'Їжакевич'],
  ['Ганна', 'Нечуй-Левицька'],
  ['Siobhán', "O'Connor"],
  ['Zoë', 'St. Clair'],
  ['María José', 'de la Fuente Núñez'],
  ['Łucja', 'Żeromska'],
  ['İbrahim', 'Işık'],
  ['Käthe', 'Weiß'],
  ['Đan', 'Nguyễn'],
  ['Œdipe', 'Lecœur'],
  ['Αγγελική', 'Παπαδοπούλου'],
  ['ნინო', 'ბერიძე'],
  ['محمد', 'عبد الله'],
  ['דוד', 'בן-דוד'],
  ['さくら', '渡辺'],
  ['ユウコ', '鈴木'],
  ['伟', '欧阳'],
  ['지우', '남궁'],
  ['प्रिया', 'शर्मा'],
]

const notes = [
  ...['Сусідка знизу, має запасні ключі', 'Познайомилися на конференції у Львові', 'Дзвонити після 18:00'],
  ...['Вчителька музики\nзаняття у вівторок і четвер', 'Їжак на ім’я Ґудзик', 'Позичив «Кобзаря», повернути!'],
  ...['College friend', 'Plumber, answers on weekends', 'Landlady\nrent is due on the 5th', 'Prefers texts'],
]

/** How many of a hundred people are of a culture, and how their phones are written: each `#` is a digit. */
type Culture = readonly [weight: number, locale: LocaleDefinition, ...phones: string[]]

const cultures: readonly Culture[] = [
  // Ukraine has no numbers for fiction: these are the blocks that its forms and examples show.
  [48, uk, '+380 67 123 ## ##', '+380(63)555-##-##', '+380-93-555-##-##', '+38 (096) 123-##-##', '+38099123####'],
  [5, uk, '066 555 ## ##', '(068) 123-##-##', '0975550###', '073.555.##.##', '(044) 279-12-##', '048/555-##-##'],
  // 555-01xx in North America, and Ofcom's numbers in Britain.
  [20, en, '+1 (212) 555-01##', '(617) 555-01##', '+1.303.555.01##', '+44 20 7946 0###', '020 7946-0###'],
  [8, pl, '+48 22 555 ## ##', '500-123-###', '0048 600 123 ###', '(22) 555-##-##'],
  [6, es, '+34 600 555 ###', '+52 55 5555 01##', '600.555.###', '(600) 555 ###'],
  // The numbers of the Bundesnetzagentur and of ARCEP for film and television.
  [5, de, '+49 30 23125 ###', '(089) 99998-###', '030/23125 ###', '+49 (30) 23125-###'],
  [4, fr, '+33 1 99 00 ## ##', '06 39 98 ## ##', '06.39.98.##.##', '+33 (0)6 39 98 ## ##'],
  [4, tr, '+90 212 555 01 ##', '0 216 555 01 ##', '(0212) 555-01##', '+90-212-555-01-##'],
]
