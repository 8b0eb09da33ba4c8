import { expect, it } from 'vitest'
import { z } from 'zod'
import { pointersOf } from '../../test/client.ts'
import { admin, moderator, type Person, signedUp } from '../../test/people.ts'

const object = z.record(z.string(), z.unknown())
const read = async (person: Person, path: string) => object.parse((await person.get(path)).body)

it('accepts one’s own account as it was read and edited, and changes nothing else', async () => {
  const ana = await signedUp('ana')
  const me = await read(ana, '/api/users/me')
  const edited = await ana.patch('/api/users/me', { ...me, username: 'Anna' })
  expect(edited.body).toEqual({ ...me, username: 'Anna' })
  const hostile = { id: 1, email: 'eve@example.com', role: 'admin', avatar: 7, confirmed: false, created_at: null }
  expect((await ana.patch('/api/users/me', { ...hostile, locale: 'uk' })).body).toEqual(edited.body)
  expect(await read(ana, '/api/users/me')).toEqual(edited.body)
  for (const field of ['password', 'password_hash', 'disabled', 'revision', 'email_key']) {
    expect(pointersOf(await ana.patch('/api/users/me', { ...me, [field]: 'x' }))).toEqual([`/${field}`])
  }
})

it('accepts another account as it was read, from an admin', async () => {
  const [root, mira, ana] = [await admin('root'), await moderator('mira'), await signedUp('ana')]
  const path = `/api/admin/users/${ana.id}`
  const account = await read(root, path)
  const changed = { ...account, role: 'moderator' }
  const hostile = {
    id: mira.id,
    username: 'Eve',
    email: 'eve@example.com',
    avatar: '',
    confirmed: false,
    created_at: 0,
  }
  expect((await root.patch(path, { ...changed, ...hostile })).body).toEqual(changed)
  expect(await read(root, path)).toEqual(changed)
  expect(pointersOf(await root.patch(path, hostile))).toEqual([''])
  expect(pointersOf(await root.patch(path, { ...changed, password: 'x' }))).toEqual(['/password'])
})

it('accepts a contact’s read-only members in a star, a patch and a replacement', async () => {
  const ana = await signedUp('ana')
  const { id, ...rest } = await read(ana, `/api/contacts/${await added(ana)}`)
  const path = `/api/contacts/${id}`
  const { full_name, avatar, created_at, updated_at } = rest
  const carried = {
    id,
    full_name,
    avatar,
    created_at,
    updated_at,
    next_birthday: '2030-01-01',
    days_until: 3,
    turns: 9,
  }
  const same = { id, first_name: 'Олесь', full_name, birthday: '1990-03-03', avatar, created_at, favorite: true }
  expect((await ana.patch(`${path}/favorite`, { ...carried, favorite: true })).body).toMatchObject(same)
  expect((await ana.patch(path, { ...carried, phone: '1' })).body).toMatchObject({ ...same, phone: '1' })
  expect((await ana.put(path, { ...rest, ...carried, favorite: true })).body).toMatchObject(same)
  // A name is not part of a star: no intended change is ignored silently.
  expect(pointersOf(await ana.patch(`${path}/favorite`, { favorite: true, first_name: 'Eve' }))).toEqual([
    '/first_name',
  ])
})

it('accepts a contact as a list of birthdays shows it', async () => {
  const ana = await signedUp('ana')
  await added(ana)
  const [upcoming = {}] = z.array(object).parse((await ana.get('/api/contacts/birthdays?days=366')).body)
  expect(upcoming).toHaveProperty('days_until')
  const answer = await ana.put(`/api/contacts/${upcoming.id}`, { ...upcoming, first_name: 'Олеся' })
  expect(answer.body).toMatchObject({ first_name: 'Олеся', birthday: '1990-03-03' })
})

async function added(person: Person): Promise<unknown> {
  const { body } = await person.post('/api/contacts', { first_name: 'Олесь', birthday: '1990-03-03' })
  return object.parse(body).id
}
