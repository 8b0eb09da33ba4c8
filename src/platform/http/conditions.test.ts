import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, call, problemOf } from '../../../test/client.ts'
import { apiDocument, type Operation, operationsOf } from '../../../test/document.ts'
import { password } from '../../../test/people.ts'
import { type Case, cases, formOf, newcomer } from '../../../test/routes.ts'

let tagged: Operation[]
let untagged: Operation[]

const isRead = ({ method }: Operation): boolean => method === 'GET'

beforeAll(async () => {
  const all = operationsOf(await apiDocument())
  const withTag = all.filter(({ responses }) => responses[200]?.headers.ETag)
  // A write to a resource with an ETag need not return one.
  const paths = new Set(withTag.map(({ template }) => template))
  tagged = all.filter(({ method, template }) => paths.has(template) && method !== 'POST')
  expect(tagged.length).toBeGreaterThan(9)
  untagged = all.filter((one) => /^(PUT|PATCH|DELETE)$/.test(one.method) && !tagged.includes(one))
  expect(untagged.length).toBeGreaterThan(5)
})

const caseOf = ({ name }: Operation): Case => {
  const found = cases.find(({ route }) => route === name)
  if (!found) throw new Error(`test/routes.ts lacks ${name}.`)
  return found
}

/** Sends one request by a new user under a condition; `tag` is the resource's present ETag. */
async function ask(operation: Operation, condition: (tag: string) => Record<string, string>) {
  const ana = await newcomer(caseOf(operation))
  const requested = await caseOf(operation).ask(ana)
  const { path, json, token } = requested
  const form = formOf(requested)
  const whole = path.replace(/^\/api\/users\/avatar$/, '/api/users/me').replace(/\/(avatar|favorite)$/, '')
  const tagNow = async () => (await call('GET', whole, { token })).headers.get('ETag')
  const tag = (await tagNow()) ?? ''
  // The tag of a calendar also has the settings that it depends on.
  expect(tag, operation.name).toMatch(/^"v?\d+-\d+(-\d+-\w+-\w+)?"$/)
  const body = form ? { raw: form } : { json }
  const answer = await call(operation.method, path, { token, ...body, headers: condition(tag) })
  return { answer, tag, after: await tagNow() }
}

const stale = '"2-999999"'
const outcome = (answer: Answer) => (answer.status < 400 ? String(answer.status) : problemOf(answer))

describe('a resource with an ETag', () => {
  it('documents which conditions it supports, and the 412', () => {
    for (const { name, parameters, responses } of tagged) {
      const headers = parameters.filter((one) => one.in === 'header').map((one) => one.name)
      expect(headers, name).toEqual(expect.arrayContaining(['If-Match', 'If-None-Match']))
      expect(responses[412], name).toBeDefined()
    }
  })

  it('is not changed under If-None-Match with its own ETag, or with `*` (RFC 9110, section 13.1.2)', async () => {
    for (const operation of tagged.filter((one) => !isRead(one))) {
      const conditions = [
        () => '*',
        (tag: string) => tag,
        (tag: string) => `W/${tag}`,
        (tag: string) => `"other", ${tag}`,
      ]
      for (const condition of conditions) {
        const { answer, tag, after } = await ask(operation, (now) => ({ 'If-None-Match': condition(now) }))
        expect(outcome(answer), operation.name).toBe('412 precondition-failed')
        expect([answer.headers.get('ETag'), after], operation.name).toEqual([tag, tag])
      }
      const { answer } = await ask(operation, () => ({ 'If-None-Match': stale }))
      expect(answer.status, operation.name).toBeLessThan(300)
    }
  })

  it('is neither changed nor shown under If-Match with another ETag (section 13.1.1)', async () => {
    for (const operation of tagged) {
      const { answer, tag, after } = await ask(operation, () => ({ 'If-Match': stale }))
      expect(outcome(answer), operation.name).toBe('412 changed-meanwhile')
      expect([answer.headers.get('ETag'), after], operation.name).toEqual([tag, tag])
      // If-Match comes first: 304 is wrong here (section 13.2.2).
      const both = await ask(operation, (now) => ({ 'If-Match': stale, 'If-None-Match': now }))
      expect(outcome(both.answer), operation.name).toBe('412 changed-meanwhile')
      for (const condition of ['*', undefined]) {
        const right = await ask(operation, (now) => ({ 'If-Match': condition ?? now }))
        expect(right.answer.status, operation.name).toBeLessThan(300)
      }
    }
  })
})

describe('a resource without an ETag', () => {
  const conditions = [
    { 'If-None-Match': '*' },
    { 'If-Match': stale },
    { 'If-Match': `${stale}, *`, 'If-None-Match': '*' },
  ]

  it('documents which conditions it supports, and the 412', () => {
    for (const { name, parameters, responses } of untagged) {
      const headers = parameters.filter((one) => one.in === 'header').map((one) => one.name)
      expect(headers, name).toEqual(expect.arrayContaining(['If-Match', 'If-None-Match']))
      expect(responses[412], name).toBeDefined()
    }
  })

  it('is not changed, if it exists, under `If-None-Match: *`, nor under If-Match with any ETag', async () => {
    // One admin remains, whichever user is demoted.
    await newcomer({ role: 'admin' })
    for (const operation of untagged) {
      const { path, json, token } = await caseOf(operation).ask(await newcomer(caseOf(operation)))
      const put = (headers: Record<string, string>) => call(operation.method, path, { token, json, headers })
      for (const headers of conditions) {
        const answer = await put(headers)
        expect(outcome(answer), operation.name).toBe('412 precondition-failed')
        expect(answer.headers.get('ETag')).toBeNull()
      }
      // Nothing has been changed yet; this changes it.
      const answer = await put({ 'If-Match': '*', 'If-None-Match': stale })
      expect(answer.status, `${operation.name}: ${answer.text}`).toBeLessThan(300)
    }
  })

  it('is answered as without conditions if it does not exist, or if nothing would be done (section 13.2.1)', async () => {
    const [ana, root] = [await newcomer(), await newcomer({ role: 'admin' })]
    const common = { current_password: password, password: 'password1' }
    for (const headers of conditions) {
      const ask = async (by: typeof ana, method: string, path: string, json?: object) =>
        outcome(await call(method, path, { token: by.access, json, headers }))
      expect(await ask(ana, 'DELETE', `/api/auth/sessions/${root.sessionId}`)).toBe('404 not-found')
      expect(await ask(ana, 'DELETE', `/api/admin/users/${root.id}`)).toBe('403 not-permitted')
      expect(await ask(root, 'DELETE', '/api/admin/users/987654321')).toBe('404 not-found')
      expect(await ask(root, 'PATCH', '/api/admin/users/987654321', { disabled: true })).toBe('404 not-found')
      expect(await ask(ana, 'PUT', '/api/users/me/password', common)).toBe('422 invalid-values')
      const reset = { password: `new ${password}` }
      expect(await ask(ana, 'PATCH', '/api/auth/reset-password-confirmation/x', reset)).toBe('404 link-not-found')
    }
  })
})
