import { describe, expect, it } from 'vitest'
import { app } from '../src/app.ts'
import { explanations } from '../src/site/problems.ts'
import { apiDocument, call, olderPaths } from './client.ts'
import { violations } from './document.ts'

/** Pages, pictures and the document itself: for people, not for clients. */
const pages = [
  '/',
  '/docs',
  '/redoc',
  '/openapi.json',
  '/confirm-email/{}',
  '/forgot-password',
  '/reset-password/{}',
  '/problems/{}',
  '/favicon.ico',
  '/avatars/{}',
  '/avatars/initials/{}',
]

const shape = (path: string): string => path.replace(/:\w+(\{[^}]*\})?|\{[^}]+\}/g, '{}').replace(/(?<=.)\/$/, '')

describe('the OpenAPI document', () => {
  it('holds every route of the router, and no other', async () => {
    const routed = new Set(
      app.routes
        .filter(({ method, path }) => method !== 'ALL' && !pages.includes(shape(path)) && !path.endsWith('*'))
        .map(({ method, path }) => `${method} ${shape(path)}`)
        .filter((route) => !olderPaths.includes(route)),
    )
    const { paths } = await apiDocument()
    const documented = new Set(
      Object.entries(paths).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => `${method.toUpperCase()} ${shape(path)}`),
      ),
    )
    expect([...documented].sort()).toEqual([...routed].sort())
    expect(documented.size).toBeGreaterThanOrEqual(35)
  })

  it('gives every operation a summary, a success, and problems with a schema', async () => {
    const { paths } = await apiDocument()
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const where = `${method} ${path}`
        expect(operation.summary, where).toBeTruthy()
        const statuses = Object.keys(operation.responses)
        expect(
          statuses.some((status) => status.startsWith('2')),
          where,
        ).toBe(true)
        for (const status of statuses.filter((code) => code >= '400' && !path.endsWith('healthchecker'))) {
          expect(Object.keys(operation.responses[status]?.content ?? {}), `${where} ${status}`).toEqual([
            'application/problem+json',
          ])
        }
        if (operation.security?.length) expect(statuses, where).toContain('401')
        // To a page of another site, whoever it asks for.
        if (method !== 'get') expect(statuses, where).toContain('403')
        if ('requestBody' in operation)
          expect(statuses, where).toEqual(expect.arrayContaining(['400', '413', '415', '422']))
      }
    }
  })

  it('is OpenAPI 3.1, with examples that fit their schemas', async () => {
    const document = await apiDocument()
    expect(document.openapi).toMatch(/^3\.1/)
    const { schemas } = document.components
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining(['Contact', 'ContactInput', 'Problem', 'Tokens', 'User']),
    )
    const examples = Object.entries(schemas).filter(([, { example }]) => example !== undefined)
    expect(examples.length).toBeGreaterThan(15)
    for (const [name, schema] of examples) expect(violations(document, schema, schema.example), name).toEqual([])
  })
})

describe('a problem', () => {
  it('has a page that a person can open', async () => {
    for (const [code, meaning] of Object.entries(explanations)) {
      const page = await call('GET', `/problems/${code}`)
      expect(page.status, code).toBe(200)
      expect(page.headers.get('Content-Type')).toMatch(/^text\/html/)
      expect(meaning.length).toBeGreaterThan(15)
    }
    expect((await call('GET', '/problems/no-such-problem')).status).toBe(404)
    expect((await call('GET', '/problems/constructor')).status).toBe(404)
  })
})
