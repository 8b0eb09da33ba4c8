/** Small vCards as programs write them, each with one peculiarity. Lines are joined by CRLF. */
const card = (...lines: string[]): string => ['BEGIN:VCARD', ...lines, 'END:VCARD', ''].join('\r\n')

const utf8 = new TextEncoder()

/** UTF-16 with or without a byte order mark. */
function utf16(text: string, { littleEndian = false, mark = false } = {}): Uint8Array {
  const view = new DataView(new ArrayBuffer((text.length + (mark ? 1 : 0)) * 2))
  if (mark) view.setUint16(0, 0xfeff, littleEndian)
  for (let at = 0; at < text.length; at++) view.setUint16((at + (mark ? 1 : 0)) * 2, text.charCodeAt(at), littleEndian)
  return new Uint8Array(view.buffer)
}

const apple = ['VERSION:3.0', 'PRODID:-//Apple Inc.//iOS 17.0//EN', 'N:Гончар;Олесь;;;', 'FN:Олесь Гончар']

/** Texts of vCards by their peculiarity. */
export const texts: Readonly<Record<string, string>> = {
  'a plain one of 3.0': card(
    'VERSION:3.0',
    'N:Lovelace;Ada;;;',
    'FN:Ada Lovelace',
    'EMAIL;TYPE=INTERNET:ada@example.com',
  ),
  'Apple, with a year that it omits': card(...apple, 'BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-03'),
  'Apple, year 1604 without a word of it': card(...apple, 'BDAY;VALUE=date:1604-04-03'),
  'Apple, groups with labels': card(
    ...apple,
    'item1.TEL;type=pref:+380 44 123 45 67',
    'item1.X-ABLabel:_$!<Other>!$_',
    'item2.URL:https\\://example.com',
    'item2.X-ABLabel:_$!<HomePage>!$_',
    'item3.X-ABRELATEDNAMES:Валентина',
    'item3.X-ABLabel:_$!<Spouse>!$_',
  ),
  'TYPE in quotes': card('VERSION:3.0', 'N:B;A;;;', 'FN:A B', 'TEL;TYPE="HOME,VOICE":1234567'),
  'a company without N': card('VERSION:3.0', 'FN:Дім книги', 'ORG:Дім книги;Відділ', 'X-ABShowAs:COMPANY'),
  'a company with an empty N': card('VERSION:3.0', 'N:;;;;', 'FN:Acme', 'ORG:Acme'),
  'no FN': card('VERSION:3.0', 'N:Doe;Jane;;;', 'EMAIL:jane@example.com'),
  'no version': card('N:Doe;John', 'FN:John Doe', 'TEL;HOME:555 0100'),
  'properties without a value': card(
    'VERSION:3.0',
    'N:Doe;John;;;',
    'FN:John Doe',
    'TEL:',
    'EMAIL;TYPE=HOME:',
    'NOTE:',
    'ORG:;',
  ),
  '2.1, quoted-printable with soft breaks': card(
    'VERSION:2.1',
    'N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=93=D0=BE=D0=BD=D1=87=D0=B0=D1=80;=D0=9E=D0=BB=D0=B5=D1=81=\r\n=D1=8C;;;',
    'FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9E=D0=BB=D0=B5=D1=81=D1=8C',
    'TEL;CELL;PREF:+380441234567',
    'NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo',
  ),
  '2.1, bare parameters and base64': card(
    'VERSION:2.1',
    'N:Doe;Jane',
    'TEL;WORK;VOICE:(111) 555-1212',
    'PHOTO;JPEG;ENCODING=BASE64:/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEB',
    ' AQEBAQEBAQEBAQ==',
    '',
    'REV:20260101T000000Z',
  ),
  '2.1, an agent': card(
    'VERSION:2.1',
    'N:Boss;Big',
    'AGENT:',
    'BEGIN:VCARD',
    'VERSION:2.1',
    'N:Agent;Secret',
    'END:VCARD',
    'TEL:1',
  ),
  '3.0, an agent in one line': card(
    'VERSION:3.0',
    'N:Boss;Big;;;',
    'FN:Big Boss',
    'AGENT:BEGIN:VCARD\\nFN:Secret\\nEND:VCARD\\n',
  ),
  '4.0, PID, ALTID and LANGUAGE': card(
    'VERSION:4.0',
    'CLIENTPIDMAP:1;urn:uuid:53e374d9-337e-4727-8803-a1e9c14e0556',
    'FN;PID=1.1:Ivan',
    'N;ALTID=1;LANGUAGE=uk:Франко;Іван;;;',
    'N;ALTID=1;LANGUAGE=en:Franko;Ivan;;;',
    'EMAIL;PID=4.1,5.1;PREF=1:ivan@example.com',
    'TITLE;ALTID=1;LANGUAGE=uk:Письменник',
    'TITLE;ALTID=1;LANGUAGE=en:Writer',
  ),
  '4.0, URIs and a date without a year': card(
    'VERSION:4.0',
    'FN:Zoë',
    'N:;Zoë;;;',
    'TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+1-555-555-5555;ext=5555',
    'BDAY:--0412',
    'ANNIVERSARY:20090808T1430-0500',
    'PHOTO:data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==',
    'IMPP:xmpp:zoe@example.com',
    'RELATED;TYPE=spouse;VALUE=text:Valentyna',
  ),
  '4.0, a group of contacts': card(
    'VERSION:4.0',
    'FN:Friends',
    'KIND:group',
    'MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af',
  ),
  'an emoji of several code points': card('VERSION:3.0', 'N:;👩‍👩‍👧‍👦 Родина;;;', 'FN:👩‍👩‍👧‍👦 Родина', 'NOTE:🏳️‍🌈 🇺🇦'),
  'right to left': card(
    'VERSION:3.0',
    'N:כהן;דנה;;;',
    'FN:דנה כהן',
    'ADR;TYPE=HOME:;;רחוב הרצל 1;תל אביב;;61000;ישראל',
  ),
  'escapes of all kinds': card(
    'VERSION:3.0',
    'N:Sm\\;ith;Jo\\,hn;;;',
    'FN:Jo\\,hn Sm\\;ith',
    'NOTE:a\\nb\\Nc\\\\d\\:e',
    'CATEGORIES:a\\,b,c',
  ),
  'folded lines': card('VERSION:3.0', 'N:Doe;John;;;', 'FN:John', ' Doe', 'NOTE:one', '\ttwo', ' three'),
  'labels, custom properties and a favorite': card(
    'VERSION:3.0',
    'N:Doe;John;;;',
    'FN:John Doe',
    'CATEGORIES:Friends,Work',
    'X-FOO;TYPE=WORK:bar',
    'X-VIZITKA-FAVORITE:1',
  ),
  'messengers and dates': card(
    'VERSION:3.0',
    'N:Doe;John;;;',
    'FN:John Doe',
    'IMPP;X-SERVICE-TYPE=Jabber;type=HOME:xmpp:john@example.com',
    'X-SKYPE:john.doe',
    'X-SOCIALPROFILE;type=twitter:https://twitter.com/john',
    'item1.X-ABDATE:2010-05-09',
    'item1.X-ABLabel:_$!<Anniversary>!$_',
  ),
  'no END': 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cut\r\nN:;Cut;;;\r\nTEL:123456',
  'a colon in a quoted parameter': card(
    'VERSION:4.0',
    'FN:Ann',
    'ADR;LABEL="1 Main St: back door";TYPE=home:;;1 Main St;Town;;;',
  ),
}

/** Files with one vCard each, as bytes, by their peculiarity. */
export const files: Readonly<Record<string, Uint8Array>> = {
  ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, utf8.encode(text)])),
  'UTF-16, big-endian, with a mark': utf16(card('VERSION:2.1', 'N:Гончар;Олесь'), { mark: true }),
  'UTF-16, little-endian, without a mark': utf16(card('VERSION:2.1', 'N:Гончар;Олесь'), { littleEndian: true }),
  'CR alone': utf8.encode(card('VERSION:3.0', 'N:Doe;Jane;;;', 'FN:Jane Doe').replaceAll('\r\n', '\r')),
  'LF alone': utf8.encode(card('VERSION:3.0', 'N:Doe;Jane;;;', 'FN:Jane Doe').replaceAll('\r\n', '\n')),
  'folded in the middle of a character': foldedWithin('VERSION:3.0\r\nN:;Ж;;;\r\nFN:Ж'),
  'windows-1251 by its CHARSET': Uint8Array.from([
    ...utf8.encode('BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=windows-1251:;'),
    ...[0xce, 0xeb, 0xe5, 0xf1, 0xfc],
    ...utf8.encode('\r\nEND:VCARD\r\n'),
  ]),
}

/** A vCard whose last line is folded after the first byte of its last character. */
function foldedWithin(body: string): Uint8Array {
  const octets = utf8.encode(`BEGIN:VCARD\r\n${body}`)
  return Uint8Array.from([
    ...octets.slice(0, -1),
    0x0d,
    0x0a,
    0x20,
    ...octets.slice(-1),
    ...utf8.encode('\r\nEND:VCARD\r\n'),
  ])
}
