import * as faker from '@faker-js/faker'
import { addDays, formatDate } from '../src/birthdays/upcoming.ts'
import { type ContactFields, withDefaults } from '../src/contacts/fields.ts'

/**
 * Makes realistic contacts, about half of them Ukrainian. The same `seed` makes the same people in the same order; a
 * larger `count` adds more at the end. Nobody is real: e-mails are at example.com, .org and .net (RFC 2606), and phone
 * numbers are reserved for fiction, or contain 555.
 */
export function people(count: number, seed = 1): ContactFields[] {
  const randomizer = faker.generateMersenne53Randomizer(seed)
  const fakerOf = (locale: faker.LocaleDefinition) =>
    new faker.Faker({ locale: [locale, faker.en, faker.base], randomizer })
  const english = fakerOf(faker.en)
  const weighted = cultures.map(([weight, locale, ...phones]) => ({
    weight,
    value: { own: fakerOf(locale), phones },
  }))
  const takenEmails = new Set<string>()
  return Array.from({ length: count }, (_, index) => {
    const { own, phones } = english.helpers.weightedArrayElement(weighted)
    const [first, last] = nameOf(index, own)
    const missing = own.number.float()
    const maybe = (probability: number, make: () => string) => own.helpers.maybe(make, { probability }) ?? null
    return withDefaults({
      first_name: missing < 0.02 ? null : first,
      last_name: missing > 0.92 ? null : last,
      email: maybe(0.74, () => emailOf(first, last, english, takenEmails)),
      phone: maybe(0.86, () => own.helpers.arrayElement(phones).replace(/#/g, () => own.string.numeric())),
      birthday: birthdayOf(index, own),
      additional: maybe(0.3, () => own.helpers.arrayElement(notes)),
      favorite: own.datatype.boolean(0.08) || index === 4, // So that short lists have a favorite.
    })
  })
}

/** Every 25th name is one of {@link edgeNames}; faker makes the others. */
function nameOf(index: number, own: faker.Faker): readonly [first: string, last: string] {
  const sex = own.person.sexType()
  const clean = (name: string) => name.normalize('NFC').replaceAll("'", '’').trim()
  const names = [clean(own.person.firstName(sex)), clean(own.person.lastName(sex))] as const
  if (index % 25 !== 3) return names
  const [first = '', last = ''] = edgeNames[((index - 3) / 25) % edgeNames.length]?.split('|') ?? []
  return [first, last]
}

/** Makes an unused address. A name in a script that faker does not transliterate gets English words. */
function emailOf(first: string, last: string, english: faker.Faker, taken: Set<string>): string {
  const ascii = (name: string) =>
    name.replace(/[ьЬ’' .-]/g, '').replace(/[іїєґłđœı]/gi, (letter) => latin[letter.toLowerCase()] ?? '')
  const isAlphabetic = /^[\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}’' .-]+$/u.test(first + last)
  const names = isAlphabetic ? { firstName: ascii(first), lastName: ascii(last) } : {}
  let email = english.internet.exampleEmail(names).replaceAll('-', '')
  while (taken.has(email.toLowerCase())) email = email.replace('@', `${english.string.numeric()}@`)
  taken.add(email.toLowerCase())
  return english.datatype.boolean(0.04) ? email : email.toLowerCase()
}

/** Letters that faker does not transliterate. */
const latin: Readonly<Record<string, string>> = { і: 'i', ї: 'i', є: 'ie', ґ: 'g', ł: 'l', đ: 'd', œ: 'oe', ı: 'i' }

/**
 * Distributes birthdays over the year by the golden ratio, so that even a few people have them in all seasons. Some are
 * on 29 February, and some have no year; the first twenty people have at least one of each.
 */
function birthdayOf(index: number, own: faker.Faker): string | null {
  const kind = own.number.float()
  const year = own.number.int({ min: 1938, max: 2017 })
  const leapYear = 1940 + 4 * own.number.int({ max: 18 })
  const dayOfYear = Math.floor(((index * 0.618033988749895 + 0.4) % 1) * 365)
  const monthDay = formatDate(addDays({ year: 2001, month: 1, day: 1 }, dayOfYear)).slice('2001-'.length)
  if (index === 9) return `${leapYear}-02-29`
  if (index === 17 || kind < 0.002) return '--02-29'
  if (kind < 0.006) return `${leapYear}-02-29`
  if (index === 13 || kind < 0.13) return `--${monthDay}`
  return kind < 0.84 ? `${year}-${monthDay}` : null
}

/** Names that are difficult for software: apostrophes, unusual case folding, right-to-left text, other scripts. */
const edgeNames = [
  ...['Мар’яна|Лук’янчук', 'Ґалаґан|Їжакевич', 'Ганна|Нечуй-Левицька', "Siobhán|O'Connor", 'Zoë|St. Clair'],
  ...['María José|de la Fuente Núñez', 'Łucja|Żeromska', 'İbrahim|Işık', 'Käthe|Weiß', 'Đan|Nguyễn'],
  ...['Œdipe|Lecœur', 'Αγγελική|Παπαδοπούλου', 'ნინო|ბერიძე', 'محمد|عبد الله', 'דוד|בן-דוד'],
  ...['さくら|渡辺', 'ユウコ|鈴木', '伟|欧阳', '지우|남궁', 'प्रिया|शर्मा'],
]

const notes = [
  ...['Сусідка знизу, має запасні ключі', 'Познайомилися на конференції у Львові', 'Дзвонити після 18:00'],
  ...['Вчителька музики\nзаняття у вівторок і четвер', 'Їжак на ім’я Ґудзик', 'Позичив «Кобзаря», повернути!'],
  ...['College friend', 'Plumber, answers on weekends', 'Landlady\nrent is due on the 5th', 'Prefers texts'],
]

/** How many of a hundred people are of a culture, and the formats of their phone numbers: each `#` is a digit. */
const cultures: readonly (readonly [weight: number, locale: faker.LocaleDefinition, ...phones: string[]])[] = [
  // Ukraine has no numbers for fiction: these appear in its forms and examples.
  [48, faker.uk, '+380 67 123 ## ##', '+380(63)555-##-##', '+380-93-555-##-##', '+38 (096) 123-##-##', '+38099123####'],
  [5, faker.uk, '066 555 ## ##', '(068) 123-##-##', '0975550###', '073.555.##.##', '(044) 279-12-##', '048/555-##-##'],
  // 555-01xx in North America, and Ofcom's numbers in Britain.
  [20, faker.en, '+1 (212) 555-01##', '(617) 555-01##', '+1.303.555.01##', '+44 20 7946 0###', '020 7946-0###'],
  [8, faker.pl, '+48 22 555 ## ##', '500-123-###', '0048 600 123 ###', '(22) 555-##-##'],
  [6, faker.es, '+34 600 555 ###', '+52 55 5555 01##', '600.555.###', '(600) 555 ###'],
  // The numbers of the Bundesnetzagentur and of ARCEP for film and television.
  [5, faker.de, '+49 30 23125 ###', '(089) 99998-###', '030/23125 ###', '+49 (30) 23125-###'],
  [4, faker.fr, '+33 1 99 00 ## ##', '06 39 98 ## ##', '06.39.98.##.##', '+33 (0)6 39 98 ## ##'],
  [4, faker.tr, '+90 212 555 01 ##', '0 216 555 01 ##', '(0212) 555-01##', '+90-212-555-01-##'],
]
