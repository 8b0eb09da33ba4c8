/// <reference types="vite/client" />
import { describe, expect, it } from 'vitest'
import { importFile } from '../../test/imports.ts'
import { signedUp } from '../../test/people.ts'
import { CardFault } from '../cards/card.ts'
import { decodeCards } from '../cards/decode.ts'
import { parseCards, printCard, scanCards } from '../cards/parse.ts'

/** Files of public test suites, which lie beside the project; empty where they do not. */
const files: Readonly<Record<string, string>> = import.meta.glob(
  '../../../shared/fixtures/{devices,other,davx5,thunderbird,rfc-and-odd}/*.vcf',
  { query: '?url&inline', import: 'default', eager: true },
)

const octetsOf = (url: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(url.split(',')[1] ?? ''), (sign) => sign.charCodeAt(0))

/** The cards of a file as text, and the faults in it; null if the file cannot be read at all. */
function contentOf(octets: Uint8Array): { readonly cards: string[]; readonly faults: number } | null {
  try {
    const all = [...scanCards(decodeCards(octets))]
    const cards = all.flatMap((one) => (one instanceof CardFault ? [] : [printCard(one)]))
    return { cards, faults: all.length - cards.length }
  } catch (error) {
    if (error instanceof CardFault) return null
    throw error
  }
}

describe.skipIf(Object.keys(files).length === 0)('files of phones and programs', () => {
  it.each(Object.entries(files))(
    '%s: every line of every card is stored as it came, and comes back',
    async (_, url) => {
      const octets = octetsOf(url)
      const content = contentOf(octets)
      const ana = await signedUp('ana')
      if (!content || content.cards.length === 0) {
        const answer = await ana.post('/api/imports', undefined, {
          ...{ raw: octets, headers: { 'Content-Type': 'text/vcard' } },
        })
        expect(answer.status).toBe(422)
        return
      }
      const { report } = await importFile(ana, octets)
      const taken = report.filter(({ outcome }) => outcome !== 'refused')
      // What is refused is named by its line, and says why.
      for (const { outcome, detail } of report) if (outcome === 'refused') expect(detail).toMatch(/\w{3}/)
      expect(report.length - taken.length).toBe(content.faults)
      const { text } = await ana.get('/api/exports/contacts.vcf?version=stored')
      const stored = taken.some(({ outcome }) => outcome === 'added') ? parseCards(text).map(printCard) : []
      const whole = (card: string) => card.trimEnd()
      expect(stored.map(whole)).toEqual([...new Set(content.cards.map(whole))])
    },
  )
})
