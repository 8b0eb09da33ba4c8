import { describe, expect, it } from 'vitest'
import { database } from '../../test/database.ts'
import { importFile, vcard } from '../../test/imports.ts'
import { signedUp } from '../../test/people.ts'
import { rowsOfIds } from '../contacts/store.ts'
import { planPiece } from './plan-import.ts'
import { prepareCard } from './prepare-card.ts'
import { readCard } from './read-cards.ts'

const group = (...members: string[]) =>
  vcard(
    ...['UID:g', 'FN:G', 'N:G;;;;', 'X-ADDRESSBOOKSERVER-KIND:group'],
    ...members.map((uid) => `X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:${uid}`),
  )

describe('a card that updates a contact', () => {
  it('is refused if its group would have more members, or be another group, than there may be', async () => {
    const ana = await signedUp('ana')
    const { report } = await importFile(ana, group('a', 'b') + vcard('UID:p', 'FN:P', 'N:P;;;;'))
    const [first, second] = await rowsOfIds(
      database(),
      ana.id,
      report.flatMap(({ contact_id }) => contact_id ?? []),
    )
    const outcome = (text: string, byUid: Map<string, typeof first>, roomForGroups: number, roomForMembers: number) => {
      const read = readCard([1, text], null)
      const prepared = read.card && prepareCard(read, 'en')
      const rows = new Map([...byUid].flatMap(([uid, row]) => (row ? [[uid, row] as const] : [])))
      const nothing = { byName: new Map(), byDigest: new Map(), bySign: new Map() }
      const findings = { ...nothing, byUid: rows, futureUids: new Set<string>(), reported: new Set<string>(), room: 9 }
      const options = { isDryRun: false, duplicates: 'add' as const, refusal: undefined, isSame: () => false }
      return planPiece([{ read, prepared }], { ...findings, roomForGroups, roomForMembers }, options).map(
        ({ outcome: one, detail }) => (one === 'refused' ? `${one} ${detail}` : one),
      )[0]
    }
    const groups = [first, second].filter((row) => row?.is_group)
    const people = [first, second].filter((row) => !row?.is_group)
    const [there, plain] = [new Map([['g', groups[0]]]), new Map([['g', people[0]]])]
    expect(outcome(group('a', 'b', 'c'), there, 0, 1)).toMatch(/^refused/)
    expect([groups.length, people.length]).toEqual([1, 1])
    // Each member counts in both of its spellings.
    expect(outcome(group('a', 'b', 'c'), there, 0, 2)).toBe('updated')
    expect(outcome(group('a'), there, 0, 0)).toBe('updated')
    expect(outcome(group('a'), plain, 0, 9)).toMatch(/^refused/)
  })
})
