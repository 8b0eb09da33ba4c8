import type { CsvField } from './fields.ts'

/**
 * The names of columns in small letters, without signs, in English and in other languages: of Google, Outlook, Apple,
 * Thunderbird, Yahoo, LinkedIn, Roundcube, and what people write.
 */
const names: Readonly<Partial<Record<CsvField, string>>> = {
  full_name:
    'name|full name|display name|fullname|contact name|contact|піб|повне імя|полное имя|фио|vollständiger name|' +
    'anzeigename|nom complet|nombre completo|氏名|名前|表示名|imię i nazwisko',
  first_name:
    'first name|given name|firstname|forename|first|імя|имя|vorname|prénom|nombre|nome|imię|名|jméno|keresztnév',
  last_name:
    'last name|family name|surname|lastname|last|прізвище|фамилия|nachname|familienname|nom|nom de famille|apellido|' +
    'apellidos|cognome|sobrenome|nazwisko|姓|příjmení|vezetéknév',
  'name.prefix': 'name prefix|prefix|salutation|honorific prefix|anrede|звертання',
  'name.middle': 'middle name|additional name|middle|по батькові|отчество|zweiter vorname|deuxième prénom',
  'name.suffix': 'name suffix|suffix|generational suffix|honorific suffix',
  'name.nickname': 'nickname|nick|nick name|псевдонім|прізвисько|spitzname|surnom|apodo|ニックネーム',
  'name.phonetic_first': 'phonetic first name|given name yomi|given yomi|first name phonetic|名 フリガナ',
  'name.phonetic_last': 'phonetic last name|family name yomi|surname yomi|last name phonetic|姓 フリガナ',
  email:
    'email|emails|email address|email addresses|mail|mail address|електронна пошта|ел пошта|пошта|електронна адреса|' +
    'электронная почта|почта|email adresse|email adressen|courriel|adresse email|correo|correo electrónico|' +
    'メール|メールアドレス|電子メール|adres email',
  phone:
    'phone|phones|phone number|phone numbers|telephone|tel|telephone number|телефон|номер телефону|номер телефона|' +
    'номер|telefon|telefonnummer|téléphone|teléfono|telefono|telefone|電話|電話番号|contact number',
  url:
    'url|urls|website|web site|web page|webpage|homepage|home page|web|site|вебсайт|веб сайт|сайт|webseite|' +
    'site web|sitio web|profile url|blog',
  'address.street':
    'street|address|street address|address street|addresses|адреса|вулиця|адрес|улица|straße|strasse|adresse|rue|' +
    'calle|dirección|住所|address line|ulica',
  'address.extended': 'extended address|address extended|apartment|suite',
  'address.po_box': 'po box|address po box|pobox|postfach',
  'address.city': 'city|town|locality|address city|місто|город|ort|stadt|ville|ciudad|città|市区町村|miasto',
  'address.region': 'state|region|province|county|address state|область|регіон|bundesland|région|provincia|都道府県',
  'address.postal_code':
    'zip|zip code|zipcode|postal code|postalcode|postcode|post code|address zip|address postal code|поштовий індекс|' +
    'індекс|индекс|plz|postleitzahl|code postal|código postal|cap|郵便番号|kod pocztowy',
  'address.country': 'country|country region|address country|країна|страна|land|pays|país|paese|国|kraj',
  'organization.name':
    'company|organization|organisation|company name|organization name|employer|компанія|організація|фірма|компания|' +
    'организация|firma|unternehmen|société|entreprise|empresa|azienda|会社|会社名',
  'organization.unit': 'department|organization department|division|відділ|отдел|abteilung|departamento|部署',
  'organization.title':
    'job title|organization title|position|jobtitle|посада|должность|beruf|stelle|fonction|cargo|puesto|役職|stanowisko',
  'organization.role': 'role|profession|occupation|роль',
  birthday:
    'birthday|birth date|birthdate|date of birth|dob|bday|день народження|дата народження|день рождения|дата рождения|' +
    'geburtstag|geburtsdatum|date de naissance|anniversaire|fecha de nacimiento|cumpleaños|生年月日|誕生日|data urodzenia',
  'birthday.year': 'birth year',
  'birthday.month': 'birth month',
  'birthday.day': 'birth day',
  additional:
    'notes|note|comments|comment|remarks|нотатки|нотатка|примітки|примітка|коментар|заметки|примечания|примечание|' +
    'notizen|notiz|bemerkungen|notas|メモ|備考|notatki',
  labels:
    'labels|label|groups|group|group membership|categories|category|tags|мітки|групи|група|группы|kategorien|gruppen',
}

/** Names that say a label, too. */
const labeledNames: readonly [field: CsvField, label: string, names: string][] = [
  [
    'phone',
    'mobile',
    'mobile|mobile phone|mobile number|cell|cell phone|cellphone|mobiltelefon|handy|мобільний|' +
      'мобільний телефон|мобильный|мобильный телефон|portable|móvil|cellulare|携帯電話|phone mobile',
  ],
  ['phone', 'fax', 'fax|fax number|fax phone|факс'],
  ['phone', 'pager', 'pager|pager number|пейджер'],
  ['phone', 'main', 'main phone|primary phone|phone main'],
  ['phone', 'car', 'car phone'],
  ['phone', 'iphone', 'iphone|phone iphone'],
  ['phone', 'assistant', 'assistants phone|assistant phone'],
  ['phone', 'video', 'phone video|video phone'],
  ['phone', 'radio', 'radio phone'],
  ['phone', 'callback', 'callback'],
  ['url', 'blog', 'blog|website blog'],
  ['url', 'profile', 'website profile'],
  ['url', 'home page', 'website home page'],
  ['relation', 'spouse', 'spouse|spouse name|дружина|чоловік'],
  ['relation', 'partner', 'partner|domestic partner'],
  ['relation', 'manager', 'manager|managers name'],
  ['relation', 'assistant', 'assistant|assistants name'],
  ['relation', 'child', 'child|children'],
  ['relation', 'mother', 'mother'],
  ['relation', 'father', 'father'],
  ['date', 'anniversary', 'anniversary|wedding anniversary|річниця|jahrestag'],
  ['messenger', 'AIM', 'aim|aim id|im aim|screen name|aim screen name'],
  ['messenger', 'ICQ', 'icq|icq id|im icq'],
  ['messenger', 'Jabber', 'jabber|jabber id|im jabber|xmpp'],
  ['messenger', 'MSN', 'msn|msn id|im msn'],
  ['messenger', 'Skype', 'skype|skype id|im skype'],
  ['messenger', 'Yahoo', 'yahoo|yahoo id|im yahoo|messenger id'],
  ['messenger', 'Google Talk', 'google talk|google id|gtalk|im google talk'],
  ['messenger', 'QQ', 'qq|qq id|im qq'],
  ['messenger', 'Telegram', 'telegram|telegram id|телеграм'],
  ['messenger', '', 'im|imaddress|im address|messenger'],
]

/** What a name stands for. */
export interface NamedField {
  readonly field: CsvField
  readonly label: string | null
}

export const fieldsByName: ReadonlyMap<string, NamedField> = new Map([
  ...Object.entries(names).flatMap(([field, list]) =>
    list.split('|').map((name) => [name, { field: field as CsvField, label: null }] as const),
  ),
  ...labeledNames.flatMap(([field, label, list]) =>
    list.split('|').map((name) => [name, { field, label: label || null }] as const),
  ),
])

/** Words before or after a column's name, and the label that they say; none for those that say nothing. */
export const placeWords: ReadonlyMap<string, string | null> = new Map(
  (
    [
      ['home', 'home|private|personal|privat|домашній|домашня|домашний|domicile|casa|自宅'],
      ['work', 'work|business|office|company|робочий|робоча|рабочий|geschäftlich|trabajo|会社|勤務先'],
      ['other', 'other|інший|другой|andere|その他'],
      ['school', 'school'],
      [null, 'primary|secondary|alternate|alternative|default|preferred|additional|основний'],
    ] as const
  ).flatMap(([label, list]) => list.split('|').map((word) => [word, label] as const)),
)
