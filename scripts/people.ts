import {
  ar,
  base,
  de,
  el,
  en,
  es,
  Faker,
  fr,
  generateMersenne53Randomizer,
  he,
  ja,
  ka_GE,
  ko,
  type LocaleDefinition,
  pl,
  type Randomizer,
  tr,
  uk,
  vi,
  zh_CN,
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
  const fakers = new Map(cultures.map((culture) => [culture, fakerOf(culture.locale, randomizer)]))
  const english = fakerOf(en, randomizer)
  const weighted = cultures.map((value) => ({ value, weight: value.weight }))
  const takenEmails = new Set<string>()
  return Array.from({ length: count }, (_, index) => {
    const culture = english.helpers.weightedArrayElement(weighted)
    return person(index, culture, fakers.get(culture) ?? english, english, takenEmails)
  })
}

const fakerOf = (locale: LocaleDefinition, randomizer: Randomizer): Faker =>
  new Faker({ locale: [locale, en, base], randomizer })

function person(index: number, culture: Culture, faker: Faker, english: Faker, takenEmails: Set<string>): DemoPerson {
  const name = nameOf(index, faker)
  const birthday = birthdayOf(index, faker)
  const missing = faker.number.float()
  const email = faker.helpers.maybe(() => emailOf(name, english, takenEmails), { probability: 0.74 })
  return withDefaults({
    first_name: missing < 0.02 ? null : name.first,
    last_name: missing > 0.92 ? null : name.last,
    email: email ?? null,
    phone:
      faker.helpers.maybe(() => phoneOf(faker.helpers.arrayElement(culture.phones), faker), { probability: 0.86 }) ??
      null,
    birthday,
    additional: faker.helpers.maybe(() => faker.helpers.arrayElement(culture.notes), { probability: 0.3 }) ?? null,
    favorite: faker.datatype.boolean(0.08) || index === 4, // a short list has one too
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

const phoneOf = (shape: string, faker: Faker): string => shape.replace(/#/g, () => faker.string.numeric())

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
  if (index === 17 || kind < 0.002) return '--02-29'
  if (index === 9 || kind < 0.006) return `${leapYear}-02-29`
  if (index === 13 || kind < 0.13) return `--${monthDay}`
  return kind < 0.84 ? `${year}-${monthDay}` : null
}

/**
 * Names that software trips over: apostrophes, letters that fold in odd ways, double names, text from right to left,
 * CJK.
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
  ['محمد', 'عبد الله'],
  ['דוד', 'בן-דוד'],
  ['さくら', '渡辺'],
  ['ユウコ', '鈴木'],
  ['伟', '欧阳'],
  ['지우', '남궁'],
  ['प्रिया', 'शर्मा'],
]

interface Culture {
  readonly weight: number
  readonly locale: LocaleDefinition
  /** Each `#` is a digit. */
  readonly phones: readonly string[]
  readonly notes: readonly string[]
}

const culture = (
  weight: number,
  locale: LocaleDefinition,
  phones: readonly string[],
  notes: readonly string[],
): Culture => ({ weight, locale, phones, notes })

const englishNotes = [
  'College friend',
  'Plumber, answers on weekends',
  'Landlady\nrent is due on the 5th',
  'Prefers texts',
]
const ukrainianNotes = [
  ...['Сусідка знизу, має запасні ключі', 'Познайомилися на конференції у Львові', 'Дзвонити після 18:00'],
  ...['Вчителька музики\nзаняття у вівторок і четвер', 'Їжак на ім’я Ґудзик', 'Позичив «Кобзаря», повернути!'],
]
// Ukraine has no numbers for fiction: these are the blocks that its forms and examples show.
const ukrainianPhones = [
  ...['+380 67 123 ## ##', '+380(63)555-##-##', '+380-93-555-##-##', '+38 (096) 123-##-##', '+38099123####'],
  ...['066 555 ## ##', '(068) 123-##-##', '0975550###', '073.555.##.##', '(044) 279-12-##', '048/555-##-##'],
]

const cultures: readonly Culture[] = [
  culture(52, uk, ukrainianPhones, ukrainianNotes),
  // 555-01xx in North America, and Ofcom's numbers in Britain.
  culture(17, en, ['+1 (212) 555-01##', '(617) 555-01##', '+1.303.555.01##', '+44 20 7946 0###'], englishNotes),
  culture(6, pl, ['+48 22 555 ## ##', '500-123-###', '0048 600 123 ###'], ['Koleżanka z pracy', 'Hydraulik, polecany']),
  culture(5, es, ['+34 600 555 ###', '+52 55 5555 01##'], ['Amiga de la universidad', '¿Vuelve en otoño?']),
  // The numbers of the Bundesnetzagentur and of ARCEP for film and television.
  culture(4, de, ['+49 30 23125 ###', '(089) 99998-###'], ['Nachbar, gießt die Blumen', 'Größe 43']),
  culture(3, fr, ['+33 1 99 00 ## ##', '06 39 98 ## ##'], ['Collègue de Lyon', 'Préfère le train à l’avion']),
  culture(3, vi, ['+84 24 5555 01##', '(028) 5555 01##'], ['Bạn học cũ ở Hà Nội', 'Gọi sau giờ làm']),
  culture(3, tr, ['+90 212 555 01 ##', '0 216 555 01 ##'], ['İstanbul’dan arkadaş', 'Çay sever']),
  culture(2, ar, ['+971 4 555 01##', '+961 (1) 555 0##'], ['صديق من الجامعة', 'يتصل مساءً']),
  culture(1, zh_CN, ['+86-21-5555-01##', '(010) 5555 01##'], ['大学同学', '会说乌克兰语']),
  culture(1, ja, ['+81 3-5555-01##', '(075) 555-01##'], ['大学の友人です', '夜に電話する']),
  culture(1, el, ['+30 21 5555 01##', '210 555 01 ##'], ['Φίλη από την Αθήνα', 'Μετά τις επτά']),
  culture(1, ka_GE, ['+995 32 255 01 ##', '0322 55 01 ##'], ['მეგობარი თბილისიდან', 'საღამოს დარეკე']),
  culture(1, ko, ['+82 2-5555-01##', '02-5555-01##'], ['대학교 친구', '저녁에 전화하기']),
  culture(1, he, ['+972 3-555-01##', '(03) 555-01##'], ['חברה מהעבודה', 'גרה בחיפה']),
]
