import { addDays, formatDate } from '../src/birthdays/upcoming.ts'

/** Somebody to fill a book with, in the words of the wire: what `POST /api/contacts` takes. */
export type DemoPerson = {
  first_name: string | null
  last_name: string | null
  email: string | null
  phone: string | null
  birthday: string | null
  additional: string | null
  favorite: boolean
}

/**
 * Plausible people from many countries, about half of them Ukrainian. The same `count` and `seed` always make the same
 * people, and a larger count only adds more at the end. Nobody is real: e-mails are at example.com, .org and .net
 * (RFC 2606), and phones come from the ranges kept for fiction wherever a country keeps one.
 */
export function people(count: number, seed = 1): DemoPerson[] {
  const chance = mulberry32(seed)
  const takenEmails = new Set<string>()
  return Array.from({ length: count }, (_, index) => person(index, chance, takenEmails))
}

type Chance = () => number
/** A name and how Latin letters spell it. */
type Name = { written: string; latin: string }
type Culture = {
  weight: number
  women: Name[]
  men: Name[]
  families: { ofWomen: Name; ofMen: Name }[]
  phones: string[]
  notes: string[]
}

function person(index: number, chance: Chance, takenEmails: Set<string>): DemoPerson {
  const culture = pickCulture(chance)
  const isWoman = chance() < 0.5
  const first = pick(chance, isWoman ? culture.women : culture.men)
  const family = pick(chance, culture.families)
  const last = isWoman ? family.ofWomen : family.ofMen
  const missing = chance()
  const hasFirst = missing >= 0.02
  const hasLast = missing < 0.92
  const birthday = birthdayOf(index, chance)
  const email = emailOf(hasFirst ? first.latin : '', hasLast ? last.latin : '', birthday, chance, takenEmails)
  const livesAbroad = chance() < 0.08
  const phone = number(pick(chance, (livesAbroad ? pickCulture(chance) : culture).phones), chance)
  const note = pick(chance, culture.notes)
  return {
    first_name: hasFirst ? first.written : null,
    last_name: hasLast ? last.written : null,
    email,
    phone: chance() < 0.86 ? phone : null,
    birthday,
    additional: chance() < 0.3 ? note : null,
    favorite: chance() < 0.08 || index === 4, // a short list has one too
  }
}

/** Days step through the year by the golden ratio, so that even a few people are spread over all of it. */
function birthdayOf(index: number, chance: Chance): string | null {
  const kind = chance()
  const year = 1938 + Math.floor(chance() * 80)
  const leapYear = 1940 + 4 * Math.floor(chance() * 19)
  const dayOfYear = Math.floor(((index * 0.618033988749895 + 0.4) % 1) * 365)
  const date = formatDate(addDays({ year: 2001, month: 1, day: 1 }, dayOfYear))
  const monthDay = date.slice('2001-'.length)
  if (index === 9) return `${leapYear}-02-29`
  if (index === 13) return `--${monthDay}`
  if (index === 17) return '--02-29'
  if (kind < 0.006) return `${leapYear}-02-29`
  if (kind < 0.13) return `--${monthDay}`
  return kind < 0.84 ? `${year}-${monthDay}` : null
}

function emailOf(first: string, last: string, birthday: string | null, chance: Chance, taken: Set<string>) {
  const [a, b] = [local(first), local(last)]
  const year = birthday?.match(/^\d{2}(\d{2})/)?.[1] ?? '1'
  const shapes = [`${a}.${b}`, `${a}.${b}`, `${a}.${b}`, `${a}${b}`, `${a}_${b}`, `${b}.${a}`, `${a.slice(0, 1)}.${b}`]
  const typed = pick(
    chance,
    a && b ? [...shapes, `${a}.${b}${year}`, `${a}.${b}+friends`] : [`${a}${b}`, `${a}${b}.${year}`],
  )
  const domain = pick(chance, ['example.com', 'example.com', 'example.org', 'example.net'])
  const shouts = chance() < 0.04
  if (chance() >= 0.74) return null
  let email = `${typed}@${domain}`
  for (let namesake = 2; taken.has(email); namesake++) email = `${typed}${namesake}@${domain}`
  taken.add(email)
  return shouts ? email.replace(/^[^@]+/, (name) => name.toUpperCase()) : email
}

/** What of a name can stand before the @: small ASCII letters. */
function local(latin: string): string {
  const special: Record<string, string> = { ł: 'l', Ł: 'l', đ: 'd', Đ: 'd', ß: 'ss', ı: 'i', ø: 'o', æ: 'ae', œ: 'oe' }
  return latin
    .replace(/[łŁđĐßıøæœ]/g, (letter) => special[letter] ?? '')
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z]/g, '')
}

const number = (shape: string, chance: Chance) => shape.replaceAll('#', () => String(Math.floor(chance() * 10)))

/** The small generator mulberry32: numbers from 0 up to 1, the same ones for the same seed. */
function mulberry32(seed: number): Chance {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function pick<T>(chance: Chance, from: readonly T[]): T {
  const one = from[Math.floor(chance() * from.length)]
  if (one === undefined) throw new RangeError('Nothing to pick from.')
  return one
}

function pickCulture(chance: Chance): Culture {
  let left = chance() * cultures.reduce((sum, culture) => sum + culture.weight, 0)
  for (const culture of cultures) {
    left -= culture.weight
    if (left < 0) return culture
  }
  return ukrainian
}

/** Cabinet of Ministers' resolution 55 of 2010, as on Ukrainian passports. */
function inLatin(ukrainianName: string): string {
  const letters: Record<string, string> = {
    ...{ а: 'a', б: 'b', в: 'v', г: 'h', ґ: 'g', д: 'd', е: 'e', є: 'ie', ж: 'zh', з: 'z', и: 'y', і: 'i', ї: 'i' },
    ...{ й: 'i', к: 'k', л: 'l', м: 'm', н: 'n', о: 'o', п: 'p', р: 'r', с: 's', т: 't', у: 'u', ф: 'f', х: 'kh' },
    ...{ ц: 'ts', ч: 'ch', ш: 'sh', щ: 'shch', ю: 'iu', я: 'ia', ь: '', '’': '' },
  }
  const atStart: Record<string, string> = { є: 'ye', ї: 'yi', й: 'y', ю: 'yu', я: 'ya' }
  const latin = ukrainianName
    .toLowerCase()
    .replace(/зг/g, 'zgh')
    .replace(/(?<=^|-)[єїйюя]/g, (letter) => atStart[letter] ?? letter)
    .replace(/[^a-z -]/g, (letter) => letters[letter] ?? letter)
  return latin.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase())
}

const list = (text: string) => text.split(',').map((item) => item.trim())

/** `Sofía, Ελένη=Eleni`: a name, and its Latin spelling where it has another script. */
const names = (text: string): Name[] => list(text).map(nameOf)

/** `Nowak, Kowalski/Kowalska`: a man's form and a woman's, where they differ. */
function families(text: string): Culture['families'] {
  return list(text).map((item) => {
    const [ofMan = '', ofWoman = ofMan] = item.split('/')
    return { ofMen: nameOf(ofMan), ofWomen: nameOf(ofWoman) }
  })
}

function nameOf(item: string): Name {
  const [written = '', latin = written] = item.split('=')
  return { written, latin }
}

const spelledInLatin = ({ written }: Name): Name => ({ written, latin: inLatin(written) })
const writtenInLatin = ({ latin }: Name): Name => ({ written: latin, latin })

const ukrainian: Culture = {
  weight: 50,
  women: names(`Олена, Оксана, Наталія, Ірина, Тетяна, Світлана, Юлія, Анастасія, Катерина, Марія, Соломія, Злата,
    Дарина, Софія, Вікторія, Ганна, Людмила, Галина, Надія, Любов, Ярослава, Мар’яна, Христина, Зоряна, Леся, Богдана,
    Євгенія, Єлизавета, Поліна, Мирослава, Уляна, Орися, Лілія, Жанна, Ніна, Валентина`).map(spelledInLatin),
  men: names(`Олександр, Андрій, Сергій, Володимир, Іван, Микола, Петро, Тарас, Богдан, Євген, Юрій, Василь, Дмитро,
    Максим, Артем, Назар, Остап, Ярослав, В’ячеслав, Ігор, Олег, Роман, Степан, Павло, Михайло, Григорій, Захар,
    Любомир, Данило, Матвій, Тимофій, Георгій, Лук’ян, Всеволод, Святослав`).map(spelledInLatin),
  families: families(`Шевченко, Коваленко, Бондаренко, Ткаченко, Кравченко, Олійник, Шевчук, Коваль, Поліщук, Бондар,
    Ткачук, Мороз, Марченко, Лисенко, Руденко, Савченко, Петренко, Клименко, Павленко, Кравчук, Левицький/Левицька,
    Грушевський/Грушевська, Котляревський/Котляревська, Вишневський/Вишневська, Яворський/Яворська, Залізняк,
    Чорновіл, Гончар, Мельник, Гнатюк, Дем’яненко, Лук’янчук, Солов’яненко, Щербак, Щербаківський/Щербаківська, Юрченко,
    Яковенко, Єфремов/Єфремова, Їжакевич, Ґалаґан, Згурський/Згурська, Білий/Біла, Чорний/Чорна, Бережний/Бережна,
    Костенко, Франко, Стус, Стефаник, Нечуй-Левицький/Нечуй-Левицька, Квітка, Сагайдачний/Сагайдачна, Дорошенко,
    Матвієнко, Хмельницький/Хмельницька, Іваненко, Волошин/Волошина, Заїка, Паньків, Ковалів, Федорів, Стецьків,
    Ющук, Жук, Цимбал, Чайка`).map((family) => ({
    ofMen: spelledInLatin(family.ofMen),
    ofWomen: spelledInLatin(family.ofWomen),
  })),
  // Ukraine keeps no numbers for fiction; these blocks are the ones its forms and examples show.
  phones: [
    ...['+380 67 123 ## ##', '+380 50 123 ## ##', '+380(63)555-##-##', '+380-93-555-##-##', '+38 (096) 123-##-##'],
    ...['+38099123####', '066 555 ## ##', '(068) 123-##-##', '0975550###', '073.555.##.##', '+380 95 555-##-##'],
    ...['(044) 279-12-##', '+380 44 555 ## ##', '(032) 255-5#-##', '048/555-##-##', '+38 (057) 123 ## ##'],
  ],
  notes: [
    ...['Сусідка знизу, має запасні ключі', 'Познайомилися на конференції у Львові', 'Майстер: ремонтує велосипеди'],
    ...[
      'Дзвонити після 18:00',
      'Любить чорну каву без цукру',
      'Тренер з плавання',
      'Подруга Оксани',
      'Колега з Харкова',
    ],
    ...['Вчителька музики\nзаняття у вівторок і четвер', 'Хрещений Марійки', 'Їжак на ім’я Ґудзик', 'Дача в Ірпені'],
    ...['Кандидат на посаду інженера', 'Позичив «Кобзаря», повернути!', 'Стоматолог, приймає на Подолі'],
  ],
}

const ukrainianInLatin: Culture = {
  ...ukrainian,
  weight: 9,
  women: ukrainian.women.map(writtenInLatin),
  men: ukrainian.men.map(writtenInLatin),
  families: ukrainian.families.map((family) => ({
    ofMen: writtenInLatin(family.ofMen),
    ofWomen: writtenInLatin(family.ofWomen),
  })),
  notes: [
    'Kyiv office, second floor',
    'Met at the hackathon in Lviv',
    'Writes back faster by e-mail',
    'Speaks Polish too',
  ],
}

const cultures: Culture[] = [
  ukrainian,
  ukrainianInLatin,
  {
    weight: 8, // English; fiction has 555-01xx in North America, and Ofcom's numbers in Britain
    women: names(`Emma, Olivia, Charlotte, Amelia, Grace, Zoë, Siobhán, Margaret, Harriet, Ruth, Chloe, Imogen`),
    men: names(`James, Oliver, William, Henry, Arthur, Seán, Edward, Dylan, Rhys, Samuel, Jack, Theodore`),
    families: families(`Smith, Johnson, O'Connor, O'Brien, Taylor, Evans, MacDonald, Fitzgerald, Lloyd-Jones, Wright,
      Brown, Brontë, Campbell, Hughes, Walker, St. Clair`),
    phones: [
      ...['+1 (212) 555-01##', '+1 415 555 01##', '(617) 555-01##', '+1.303.555.01##', '1-646-555-01##'],
      ...['+44 20 7946 0###', '+44 7700 900###', '07700 900 ###', '(01632) 960###', '+44 (0)131 496 0###'],
    ],
    notes: [
      ...['College friend', 'Plumber, answers on weekends', 'Met in Dublin', 'Landlady\nrent is due on the 5th'],
      ...['Allergic to nuts', 'Book club, every first Monday', 'Prefers texts to calls'],
    ],
  },
  {
    weight: 6,
    women: names(`Małgorzata, Agnieszka, Żaneta, Zofia, Łucja, Katarzyna, Elżbieta, Grażyna, Świętosława, Halina`),
    men: names(`Paweł, Michał, Łukasz, Stanisław, Krzysztof, Wojciech, Grzegorz, Józef, Bolesław, Jędrzej`),
    families: families(`Nowak, Kowalski/Kowalska, Wiśniewski/Wiśniewska, Wójcik, Kamiński/Kamińska, Zieliński/Zielińska,
      Dąbrowski/Dąbrowska, Żeromski/Żeromska, Brzęczyszczykiewicz, Wałęsa, Łącki/Łącka, Źrebiec`),
    phones: ['+48 22 555 ## ##', '+48 500 555 ###', '500-123-###', '+48 (12) 555-##-##', '0048 600 123 ###'],
    notes: ['Koleżanka z pracy', 'Mieszka w Krakowie', 'Hydraulik, polecany', 'Dzwonić po południu'],
  },
  {
    weight: 5,
    women: names(`María José, Begoña, Lucía, Inés, Ximena, Sofía, Concepción, Montserrat, Belén, Itziar`),
    men: names(`José, Íñigo, Ramón, Jesús, Ángel, Andrés, Joaquín, Óscar, Nicolás, Xavier`),
    families: families(`Núñez, García, Muñoz, Ibáñez, Pérez Galdós, Rodríguez, Fernández, de la Fuente, Peña, Güell`),
    phones: ['+34 600 555 ###', '+34 91 555 ## ##', '600 12 3# ##', '+52 55 5555 01##', '+54 11 5555-01##'],
    notes: ['Amiga de la universidad', 'Vive en Málaga', 'Llamar por la mañana', '¿Vuelve en otoño?'],
  },
  {
    weight: 4, // the Bundesnetzagentur's numbers for film and television
    women: names(`Bärbel, Käthe, Ursula, Änne, Sabine, Birgit, Friederike, Zoë, Hannelore, Anke`),
    men: names(`Jürgen, Jörg, Götz, Björn, Matthias, Klaus-Dieter, Uwe, Thomas, Günther, Moritz`),
    families: families(`Müller, Schröder, Weiß, Groß, von der Heide, Köhler, Jäger, Strauß, Fuchs, Überall, Bäcker`),
    phones: ['+49 30 23125 ###', '030 / 23125-###', '(089) 99998-###', '+49 (0)40 66969 ###', '+49 176 040690##'],
    notes: ['Nachbar, gießt die Blumen', 'Kollegin aus München', 'Schlüssel hinterlegt', 'Größe 43'],
  },
  {
    weight: 3,
    women: names(`Hương, Thị Mai, Ngọc Ánh, Thùy Dương, Bích Phượng, Đan, Quỳnh`),
    men: names(`Đức, Văn Dũng, Hữu Phước, Minh Tuấn, Quốc Bảo, Đình Trọng, Long`),
    families: families(`Nguyễn, Trần, Lê, Phạm, Huỳnh, Đặng, Võ, Đỗ, Bùi`),
    phones: ['+84 24 5555 01##', '+84 90 555 01 ##', '090 555 01##', '(028) 5555 01##'],
    notes: ['Bạn học cũ ở Hà Nội', 'Gọi sau giờ làm', 'Quán phở ngon nhất'],
  },
  {
    weight: 3,
    women: names(`Ayşe, Gülşen, Işıl, İpek, Çiğdem, Özlem, Şebnem, Elif`),
    men: names(`İbrahim, İsmail, Çağrı, Ömer, Barış, Oğuz, Ünal, Şükrü, Kâzım`),
    families: families(`Yılmaz, Işık, İnönü, Çelik, Öztürk, Güneş, Şahin, Doğan, Kılıç, Aydın`),
    phones: ['+90 212 555 01 ##', '+90 (312) 555 01 ##', '0 216 555 01 ##', '+90-232-555-01-##'],
    notes: ['İstanbul’dan arkadaş', 'Çay sever', 'Işıkçı, düğünler için'],
  },
  {
    weight: 3,
    women: names(`فاطمة=Fatima, ليلى=Layla, مريم=Maryam, نور=Nour, سلمى=Salma, هدى=Huda`),
    men: names(`محمد=Mohammed, أحمد=Ahmad, يوسف=Yusuf, إبراهيم=Ibrahim, عمر=Omar, خالد=Khaled`),
    families: families(`الحسن=Al-Hassan, حداد=Haddad, منصور=Mansour, الخطيب=Al-Khatib, نجار=Najjar, عبد الله=Abdallah`),
    phones: ['+971 4 555 01##', '+20 2 5555 01##', '+962 6 555 01##', '+961 (1) 555 0##'],
    notes: ['صديق من الجامعة', 'يتصل مساءً', 'مترجمة'],
  },
  {
    weight: 2.5,
    women: names(`芳=Fang, 秀英=Xiuying, 婷婷=Tingting, 雪=Xue, 丽华=Lihua`),
    men: names(`伟=Wei, 志强=Zhiqiang, 建国=Jianguo, 明=Ming, 浩然=Haoran`),
    families: families(`王=Wang, 李=Li, 张=Zhang, 刘=Liu, 陈=Chen, 欧阳=Ouyang, 吕=Lü`),
    phones: ['+86 10 5555 01##', '+86-21-5555-01##', '(010) 5555 01##', '+886 2 5555 01##'],
    notes: ['大学同学', '住在上海', '会说乌克兰语'],
  },
  {
    weight: 2,
    women: names(`さくら=Sakura, 花子=Hanako, ユウコ=Yūko, 美咲=Misaki, 葵=Aoi`),
    men: names(`太郎=Tarō, 健=Ken, 翔太=Shōta, 大輔=Daisuke, ハルト=Haruto`),
    families: families(`佐藤=Satō, 鈴木=Suzuki, 高橋=Takahashi, 田中=Tanaka, 伊藤=Itō, 渡辺=Watanabe`),
    phones: ['+81 3-5555-01##', '03-5555-01##', '+81 (6) 5555 01##', '(075) 555-01##'],
    notes: ['京都の友人', 'メールのほうが早い', '料理の先生'],
  },
  {
    weight: 2,
    women: names(`Ελένη=Eleni, Μαρία=Maria, Αικατερίνη=Aikaterini, Δήμητρα=Dimitra, Ζωή=Zoi`),
    men: names(`Γιώργος=Giorgos, Νίκος=Nikos, Οδυσσέας=Odysseas, Κωνσταντίνος=Konstantinos, Αχιλλέας=Achilleas`),
    families: families(`Παπαδόπουλος=Papadopoulos/Παπαδοπούλου=Papadopoulou, Νικολάου=Nikolaou, Ιωάννου=Ioannou,
      Γεωργιάδης=Georgiadis/Γεωργιάδου=Georgiadou, Καζαντζάκης=Kazantzakis/Καζαντζάκη=Kazantzaki,
      Οικονόμου=Oikonomou`),
    phones: ['+30 21 0555 01##', '210 555 01##', '+30 (2310) 555 0##', '+30-694-555-01##'],
    notes: ['Φίλος από τη Θεσσαλονίκη', 'Γιατρός', 'Να την πάρω το βράδυ'],
  },
  {
    weight: 2,
    women: names(`ნინო=Nino, თამარ=Tamar, მარიამ=Mariam, ქეთევან=Ketevan, ეკატერინე=Ekaterine`),
    men: names(`გიორგი=Giorgi, ლევან=Levan, დავით=Davit, ვახტანგ=Vakhtang, ზურაბ=Zurab`),
    families: families(`ბერიძე=Beridze, კაპანაძე=Kapanadze, გელაშვილი=Gelashvili, მაისურაძე=Maisuradze,
      წიკლაური=Tsiklauri, ჯაფარიძე=Japaridze`),
    phones: ['+995 32 255 01 ##', '+995 555 01 0# ##', '(032) 255-01-##'],
    notes: ['მეგობარი თბილისიდან', 'ღვინის ოსტატი'],
  },
  {
    weight: 1.5, // ARCEP's numbers for fiction
    women: names(`Hélène, Françoise, Anaïs, Noëlle, Maëlle, Geneviève`),
    men: names(`François, Jérôme, Loïc, Benoît, Étienne, Gaël`),
    families: families(`Lefèvre, L’Hermitte, Château, Béranger, d’Estaing, Le Goff, Lecœur`),
    phones: ['+33 1 99 00 ## ##', '01.99.00.##.##', '06 39 98 ## ##', '+33 (0)6 39 98 ## ##'],
    notes: ['Voisine du troisième', 'Très bon pâtissier', 'Rappeler à la rentrée'],
  },
  {
    weight: 1.5,
    women: names(`지우=Jiwoo, 서연=Seoyeon, 민지=Minji, 은영=Eunyoung`),
    men: names(`민준=Minjun, 도윤=Doyun, 성호=Seongho, 지훈=Jihun`),
    families: families(`김=Kim, 이=Lee, 박=Park, 최=Choi, 남궁=Namgung`),
    phones: ['+82 2-555-01##', '02-555-01##', '+82 (51) 555 01##'],
    notes: ['부산 친구', '한국어 선생님'],
  },
  {
    weight: 1.5,
    women: names(`Jiřina, Kateřina, Běla, Žofie, Ľubica, Zdeňka`),
    men: names(`Jiří, Ondřej, Tomáš, Zdeněk, Ľuboš, Řehoř`),
    families: families(
      `Dvořák/Dvořáková, Černý/Černá, Novotný/Novotná, Svoboda/Svobodová, Němec/Němcová, Kříž/Křížová`,
    ),
    phones: ['+420 555 010 ###', '+420 2 5555 01##', '+421 2/555 501 ##'],
    notes: ['Kamarád z Brna', 'Učí češtinu', 'Volat až po osmé'],
  },
  {
    weight: 1,
    women: names(`नेहा=Neha, प्रिया=Priya, लक्ष्मी=Lakshmi, अनीता=Anita`),
    men: names(`राहुल=Rahul, अर्जुन=Arjun, विक्रम=Vikram, श्याम=Shyam`),
    families: families(`शर्मा=Sharma, वर्मा=Verma, गुप्ता=Gupta, मिश्रा=Mishra`),
    phones: ['+91 11 5555 01##', '(022) 5555-01##', '+91-80-5555-01##'],
    notes: ['दिल्ली का दोस्त', 'योग शिक्षक'],
  },
  {
    weight: 1,
    women: names(`נועה=Noa, תמר=Tamar, שירה=Shira, רחל=Rachel`),
    men: names(`דוד=David, יוסף=Yosef, איתי=Itay, אריאל=Ariel`),
    families: families(`כהן=Cohen, לוי=Levi, מזרחי=Mizrahi, בן-דוד=Ben-David`),
    phones: ['+972 3-555-01##', '(03) 555-01##', '+972 54 555 01##'],
    notes: ['חברה מהעבודה', 'גרה בחיפה'],
  },
]
