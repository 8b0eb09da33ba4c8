import { expect, it } from 'vitest'
import { problemOf } from '../../test/client.ts'
import { add } from '../../test/contacts.ts'
import { execute } from '../../test/database.ts'
import { signedUp } from '../../test/people.ts'
import { addVcard, faults, lines, path } from '../../test/vcard-requests.ts'

const card = (name: string, ...more: string[]) => lines('VERSION:3.0', `N:${name};;;;`, `FN:${name}`, ...more)

it('a merge joins at most a hundred groups, and no more memberships than an account may have', async () => {
  const eve = await signedUp('eve')
  const member = (uid: string) => `X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:${uid}`
  const group = (name: string, uid: string) => card(name, 'X-ADDRESSBOOKSERVER-KIND:group', member(uid))
  const one = await add(eve, { first_name: 'Joins' })
  const two = await addVcard(eve, card('Joins', 'UID:joins-2'))
  const team = await addVcard(eve, group('Team', 'joins-2'))
  const fill = (more: number) =>
    execute(`INSERT INTO group_members (group_id, uid, owner_id, label, search)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${more})
      SELECT ${team.id}, 'nobody-' || i, ${eve.id}, 'team', 'team' FROM n`)
  const merging = () => eve.post(`${path}/merge`, { into: one.id, from: [two.id] })
  await fill(49_999)
  expect(problemOf(await merging())).toBe('409 book-full')
  await execute(`DELETE FROM group_members WHERE group_id = ${team.id} AND uid LIKE 'nobody-%'`)
  for (let n = 0; n < 100; n++) await addVcard(eve, group(`G${n}`, 'joins-2'))
  const refused = await merging()
  expect([problemOf(refused), ...faults(refused)]).toEqual(['422 invalid-values', '/from'])
  await eve.delete(`${path}/${team.id}`)
  expect((await merging()).status).toBe(200)
})
