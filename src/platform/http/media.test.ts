import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, call, pointersOf, problemOf } from '../../../test/client.ts'
import { apiDocument, type Operation, operationsOf } from '../../../test/document.ts'
import { type Person, signedUp } from '../../../test/people.ts'
import { picture, together, upload } from '../../../test/pictures.ts'

let ana: Person
let taking: Operation[]

beforeAll(async () => {
  ana = await signedUp('ana')
  taking = operationsOf(await apiDocument()).filter(({ requestBody }) => requestBody)
  expect(taking.length).toBeGreaterThan(15)
})

/** Sends a request as Ana, for ids that do not exist. */
const ask = (operation: Operation, raw: string | undefined, type: string | undefined, coding?: string) =>
  call(operation.method, operation.template.replace(/\{[^}]+\}/g, '999999999'), {
    token: ana.access,
    ...(raw === undefined ? {} : { raw: new TextEncoder().encode(raw) }),
    headers: {
      ...(type === undefined ? {} : { 'Content-Type': type }),
      ...(coding === undefined ? {} : { 'Content-Encoding': coding }),
    },
  })

const typesOf = ({ requestBody }: Operation): string[] => Object.keys(requestBody?.content ?? {})

/** The headers of a 415 that name what is supported. */
const instead = ({ headers }: Answer) => [headers.get('Accept-Patch'), headers.get('Accept-Encoding')]

const mayNotAsk = (status: number) => status === 403 || status === 404

describe('a route with a body', () => {
  it('accepts it in the documented media types, and in no similar ones', async () => {
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

  it('does not treat a missing body as an empty one', async () => {
    for (const operation of taking.filter(({ requestBody }) => requestBody?.required)) {
      const answer = await ask(operation, undefined, undefined)
      if (!mayNotAsk(answer.status)) expect(pointersOf(answer), operation.name).toEqual([''])
      const unnamed = await ask(operation, '{}', undefined)
      if (!mayNotAsk(unnamed.status)) expect(problemOf(unnamed), operation.name).toBe('415 unsupported-media-type')
    }
    expect((await ana.get('/api/users/me')).body).toMatchObject({ username: 'ana' })
  })

  it('compares the media type alone, whatever its parameters, their order, case and blanks', async () => {
    const ways = [
      (type: string) => type.toUpperCase(),
      (type: string) => `${type};`,
      (type: string) => `${type} ; CHARSET=UTF-8;`,
      (type: string) => `${type};charset="utf-8"; boundary=b; x="a;b"`,
      (type: string) => `${type}\t;\tboundary="b" ; charset=utf-8 ;`,
    ]
    for (const operation of taking) {
      for (const type of typesOf(operation)) {
        for (const way of ways) {
          const answer = await ask(operation, '{}', way(type))
          expect(answer.status, `${operation.name} ${way(type)}`).not.toBe(415)
        }
      }
    }
    const json = { raw: '{"first_name":"Ana"}', headers: { 'Content-Type': 'Application/JSON ; charset="utf-8" ;' } }
    expect((await ana.post('/api/contacts', undefined, json)).status).toBe(201)
    const form = new Response(upload(picture('png')))
    const boundary = form.headers.get('Content-Type')?.replace(/.*boundary=/, '')
    const raw = await form.arrayBuffer()
    for (const parameters of [`; boundary=${boundary}; charset=utf-8`, ` ;charset=utf-8; Boundary="${boundary}" ;`]) {
      const headers = { 'Content-Type': `Multipart/Form-Data${parameters}` }
      const answer = await ana.patch('/api/users/avatar', undefined, { raw, headers })
      expect(answer.status, answer.text).toBe(200)
    }
  })

  it('treats no bytes as no body, whatever Content-Type and Content-Encoding say', async () => {
    for (const operation of taking) {
      for (const type of [...typesOf(operation), 'application/x-www-form-urlencoded', 'text/plain', 'x']) {
        const answer = await ask(operation, '', type, 'gzip')
        if (mayNotAsk(answer.status)) continue
        if (operation.requestBody?.required) expect(pointersOf(answer), `${operation.name} ${type}`).toEqual([''])
        // The request has a bearer token, only not the right one.
        else expect(problemOf(answer), `${operation.name} ${type}`).toBe('401 invalid-refresh-token')
      }
    }
  })

  it('refuses a compressed one, and names the coding', async () => {
    for (const operation of taking) {
      const [type] = typesOf(operation)
      for (const coding of ['gzip', 'br', 'identity, Deflate']) {
        const answer = await ask(operation, '{}', type, coding)
        if (mayNotAsk(answer.status)) continue
        expect(problemOf(answer), `${operation.name} ${coding}`).toBe('415 unsupported-media-type')
        expect(answer.text).toContain(`(Content-Encoding: ${coding.replace('identity, ', '')})`)
        expect(instead(answer)[1]).toBe('identity')
      }
      expect((await ask(operation, '{}', type, ' Identity')).status, operation.name).not.toBe(415)
    }
    const contact = { raw: '{"first_name":"Unseen"}', headers: { 'Content-Type': 'application/json' } }
    const answer = await ana.post('/api/contacts', undefined, {
      ...contact,
      headers: { ...contact.headers, 'Content-Encoding': 'br' },
    })
    expect(problemOf(answer)).toBe('415 unsupported-media-type')
    expect((await ana.get('/api/contacts?q=Unseen')).body).toEqual([])
    const long = await ana.post(
      '/api/contacts',
      { first_name: 'x' },
      { headers: { 'Content-Encoding': 'x'.repeat(5000) } },
    )
    expect(long.text).not.toContain('x'.repeat(101))
  })

  it('says on a PATCH with another media type which ones it accepts, and nowhere else', async () => {
    const patches = taking.filter(({ method }) => method === 'PATCH')
    expect(patches.length).toBeGreaterThan(5)
    for (const operation of taking) {
      for (const answer of [await ask(operation, 'x', 'text/plain'), await ask(operation, '{}', 'x', 'gzip')]) {
        if (mayNotAsk(answer.status)) continue
        const wanted = patches.includes(operation) ? typesOf(operation).join(', ') : null
        expect(instead(answer)[0], operation.name).toBe(wanted)
      }
      expect(instead(await ask(operation, '{', typesOf(operation)[0]))[0], operation.name).toBeNull()
    }
    const file = await ana.patch('/api/users/avatar', undefined, {
      raw: upload(together('no picture')),
    })
    expect([file.status, instead(file)[0]]).toEqual([415, 'multipart/form-data'])
  })

  it('checks the caller first', async () => {
    const answer = await call('PATCH', '/api/users/me', { raw: 'x', headers: { 'Content-Type': 'text/plain' } })
    expect(problemOf(answer)).toBe('401 not-signed-in')
  })
})
