import { eq } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { call } from '../../../test/client.ts'
import { database } from '../../../test/database.ts'
import { freshAddress, freshEmail, from, password } from '../../../test/people.ts'
import { users } from '../../users/table.ts'

it.each([
  ['uk', 'uk'],
  ['uk-UA, uk;q=0.9, en;q=0.5', 'uk'],
  ['en-GB;q=0.5, UK;q=0.8', 'uk'],
  ['en, uk', 'en'],
  ['fr, uk;q=0', 'en'],
  ['uk;q=0.0', 'en'],
  ['fr, uk;q=0.1', 'uk'],
  ['en;q=0, uk;q=0.001', 'uk'],
  ['en;q=0, *', 'uk'],
  ['*, uk;q=0.5', 'en'],
  ['uk;q=0.5, *;q=0.1', 'uk'],
  ['*;q=0', 'en'],
  ['fr', 'en'],
  ['', 'en'],
])('answers Accept-Language: %s with a page in %s', async (requested, language) => {
  const { text } = await call('GET', '/forgot-password', { headers: { 'Accept-Language': requested } })
  expect(text.match(/<html lang="(\w+)"/)?.[1]).toBe(language)
})

it('ignores an excluded language for the letters of an account', async () => {
  const email = freshEmail('fr')
  const json = { username: 'ana', email, password }
  const headers = { ...from(freshAddress()), 'Accept-Language': 'fr, uk;q=0' }
  expect((await call('POST', '/api/auth/signup', { json, headers })).status).toBe(201)
  expect(await database().select().from(users).where(eq(users.email, email))).toMatchObject([{ locale: 'en' }])
})
