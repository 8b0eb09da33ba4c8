import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { texts } from '../../test/vcards.ts'
import type { Card } from './card.ts'
import { convertCard, type SentVersion } from './convert.ts'
import { parseCards, printCard } from './parse.ts'
import { readPhoto } from './photo.ts'
import { readFields } from './read.ts'

const cardOf = (text: string | undefined): Card => {
  const [card] = parseCards(text ?? '')
  if (!card) throw new Error('There is no card.')
  return card
}
const all = Object.entries(texts).map(([name, text]) => [name, cardOf(text)] as const)
const converted = (name: string, version: SentVersion): string => printCard(convertCard(cardOf(texts[name]), version))
/** As others read it: printed and parsed again. */
const asSent = (card: Card, version: SentVersion): Card => cardOf(printCard(convertCard(card, version)))

describe('a card in another version', () => {
  it('says the same to a person, in 3.0 and in 4.0, and back', () => {
    for (const [name, card] of all) {
      for (const version of ['3.0', '4.0'] as const) {
        const other = version === '3.0' ? '4.0' : '3.0'
        const sent = asSent(card, version)
        expect(sent.version, name).toBe(version)
        expect(readFields(sent), `${name} in ${version}`).toEqual(readFields(card))
        expect(readFields(asSent(sent, other)), `${name} in ${version} and back`).toEqual(readFields(card))
        expect(readPhoto(sent)?.octets, name).toEqual(readPhoto(card)?.octets)
      }
    }
  })

  it('is the card itself where it is in that version', () => {
    for (const [, card] of all) if (card.version === '3.0') expect(convertCard(card, '3.0')).toBe(card)
  })

  it('of 4.0 is one that every phone reads in 3.0', () => {
    const text = converted('4.0, URIs and a date without a year', '3.0')
    expect(text).toContain('\r\nVERSION:3.0\r\n')
    expect(text).toMatch(/\r\nTEL;TYPE="voice,home";TYPE=PREF:\+1-555-555-5555\\;ext=5555\r\n/)
    expect(text).toContain('\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12\r\n')
    expect(text).toContain('\r\nPHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoAAAANSUhEUg==\r\n')
    expect(text).toContain('\r\nANNIVERSARY:20090808T1430-0500\r\n')
    const group = converted('4.0, a group of contacts', '3.0')
    expect(group).toContain('\r\nX-ADDRESSBOOKSERVER-KIND:group\r\n')
    expect(group).toContain('\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af\r\n')
    expect(group).toContain('\r\nN:;;;;\r\n')
  })

  it('of 2.1 has no bare parameter, no quoted-printable and no charset left', () => {
    for (const [name, card] of all.filter(([, { version }]) => version === '2.1')) {
      for (const version of ['3.0', '4.0'] as const) {
        const heads = convertCard(card, version)
          .lines.filter((line) => line.name !== 'AGENT')
          .map(({ head }) => head)
        for (const head of heads) expect(head, name).not.toMatch(/CHARSET|QUOTED|BASE64|;[^=;]*(;|$)/i)
      }
    }
    const text = converted('2.1, quoted-printable with soft breaks', '3.0')
    expect(text).toContain('\r\nN:Гончар;Олесь;;;\r\n')
    expect(text).toContain('\r\nTEL;TYPE=CELL;TYPE=PREF:+380441234567\r\n')
    expect(text).toContain('\r\nNOTE:one\\ntwo\r\n')
  })

  it('converts whatever parses, and never throws', () => {
    const line = fc.tuple(
      fc.constantFrom(
        'N',
        'TEL;VALUE=uri',
        'BDAY',
        'PHOTO',
        'a.X-ABLabel',
        'MEMBER',
        'NOTE;ENCODING=QUOTED-PRINTABLE',
        'ADR;HOME',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.constantFrom('2.1', '3.0', '4.0', ''), (lines, version) => {
        const body = lines.map(([head, value]) => `${head}:${value.replace(/[\r\n]/g, '')}\r\n`).join('')
        const card = cardOf(`BEGIN:VCARD\r\n${version && `VERSION:${version}\r\n`}${body}END:VCARD\r\n`)
        for (const to of ['3.0', '4.0'] as const) expect(asSent(card, to).version).toBe(to)
      }),
      { numRuns: 300 },
    )
  })
})
