import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, call, problemOf } from '../../../test/client.ts'
import { apiDocument, type Operation, operationsOf } from '../../../test/document.ts'
import { picture, upload } from '../../../test/pictures.ts'
import { type Case, cases, newcomer } from '../../../test/routes.ts'

let tagged: Operation[]

const isRead = ({ method }: Operation): boolean => method === 'GET'

beforeAll(async () => {
  const all = operationsOf(await apiDocument())
  const withTag = all.filter(({ responses }) => responses[200]?.headers.ETag)
  // What changes or removes a thing that has an ETag need not answer with one.
  const paths = new Set(withTag.map(({ template }) => template))
  tagged = all.filter(({ method, template }) => paths.has(template) && method !== 'POST')
  expect(tagged.length).toBeGreaterThan(9)
})

const caseOf = ({ name }: Operation): Case => {
  const found = cases.find(({ route }) => route === name)
  if (!found) throw new Error(`test/routes.ts lacks ${name}.`)
  return found
}

/** Asks once, by somebody new, under a condition; `tag` is the thing's ETag before. */
async function ask(operation: Operation, condition: (tag: string) => Record<string, string>) {
  const ana = await newcomer(caseOf(operation))
  const { path, json, token, picture: withPicture } = await caseOf(operation).ask(ana)
  const whole = path.replace(/^\/api\/users\/avatar$/, '/api/users/me').replace(/\/(avatar|favorite)$/, '')
  const tagNow = async () => (await call('GET', whole, { token })).headers.get('ETag')
  const tag = (await tagNow()) ?? ''
  expect(tag, operation.name).toMatch(/^"\d+-\d+"$/)
  const body = withPicture ? { raw: upload(picture('png')) } : { json }
  const answer = await call(operation.method, path, { token, ...body, headers: condition(tag) })
  return { answer, tag, after: await tagNow() }
}

const stale = '"2-999999"'
const outcome = (answer: Answer) => (answer.status < 400 ? String(answer.status) : problemOf(answer))

describe('whatever has an ETag', () => {
  it('says in the document which conditions it takes, and that it may answer 412', () => {
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

  it('is not changed, nor shown, under If-Match with another ETag (section 13.1.1)', async () => {
    for (const operation of tagged) {
      const { answer, tag, after } = await ask(operation, () => ({ 'If-Match': stale }))
      expect(outcome(answer), operation.name).toBe('412 changed-meanwhile')
      expect([answer.headers.get('ETag'), after], operation.name).toEqual([tag, tag])
      // If-Match is asked first: a read that is known is no answer to it (section 13.2.2).
      const both = await ask(operation, (now) => ({ 'If-Match': stale, 'If-None-Match': now }))
      expect(outcome(both.answer), operation.name).toBe('412 changed-meanwhile')
      for (const condition of ['*', undefined]) {
        const right = await ask(operation, (now) => ({ 'If-Match': condition ?? now }))
        expect(right.answer.status, operation.name).toBeLessThan(300)
      }
    }
  })
})
