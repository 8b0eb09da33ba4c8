import { beforeAll, describe, expect, it } from 'vitest'
import { call, pointersOf, problemOf } from '../../../test/client.ts'
import { apiDocument, type Operation, operationsOf } from '../../../test/document.ts'
import { type Person, signedUp } from '../../../test/people.ts'

let ana: Person
let taking: Operation[]

beforeAll(async () => {
  ana = await signedUp('ana')
  taking = operationsOf(await apiDocument()).filter(({ requestBody }) => requestBody)
  expect(taking.length).toBeGreaterThan(15)
})

/** Asks as Ana, of nothing that there is. */
const ask = (operation: Operation, raw: string | undefined, type: string | undefined) =>
  call(operation.method, operation.template.replace(/\{[^}]+\}/g, '999999999'), {
    token: ana.access,
    ...(raw === undefined ? {} : { raw: new TextEncoder().encode(raw) }),
    headers: type === undefined ? {} : { 'Content-Type': type },
  })

const mayNotAsk = (status: number) => status === 403 || status === 404

describe('a route that takes a body', () => {
  it('takes it in the media types that it documents, and in none that is like them', async () => {
    const others = ['application/merge-patch+json', 'application/vnd.api+json', 'application/json5', 'text/json']
    const forms = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']
    for (const operation of taking) {
      const documented = Object.keys(operation.requestBody?.content ?? {})
      for (const type of [...others, ...forms].filter((one) => !documented.includes(one.replace(/;.*/, '')))) {
        const answer = await ask(operation, '{}', type)
        if (!mayNotAsk(answer.status))
          expect(problemOf(answer), `${operation.name} ${type}`).toBe('415 unsupported-media-type')
      }
    }
  })

  it('does not take its lack for an empty one', async () => {
    for (const operation of taking.filter(({ requestBody }) => requestBody?.required)) {
      const answer = await ask(operation, undefined, undefined)
      if (!mayNotAsk(answer.status)) expect(pointersOf(answer), operation.name).toEqual([''])
      const unnamed = await ask(operation, '{}', undefined)
      if (!mayNotAsk(unnamed.status)) expect(problemOf(unnamed), operation.name).toBe('415 unsupported-media-type')
    }
    expect((await ana.get('/api/users/me')).body).toMatchObject({ username: 'ana' })
  })

  it('asks first who wants it', async () => {
    const answer = await call('PATCH', '/api/users/me', { raw: 'x', headers: { 'Content-Type': 'text/plain' } })
    expect(problemOf(answer)).toBe('401 not-signed-in')
  })
})
