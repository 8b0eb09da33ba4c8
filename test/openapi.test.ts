import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { app } from '../src/app.ts'
import { explanations } from '../src/pages/problems.ts'
import { apiDocument, call, olderPaths } from './client.ts'
import { answerSchemas, operationsOf, publishedDocument, resolved, type Schema, violations } from './document.ts'

/** Pages, pictures and the document itself are for people, not for clients. */
const pages = [
  '/',
  '/docs',
  '/redoc',
  '/openapi.json',
  '/confirm-email/{}',
  '/forgot-password',
  '/reset-password/{}',
  '/unsubscribe/{}',
  '/problems/{}',
  '/favicon.ico',
  '/avatars/{}',
  '/avatars/initials/{}',
]

// A path with a file extension is a parameter whose pattern ends in the extension.
const shape = (path: string): string =>
  path
    .replace(/:\w+\{[^}]*\\(\.\w+)\}/g, '{}$1')
    .replace(/:\w+(\{[^}]*\})?|\{[^}]+\}/g, '{}')
    .replace(/(?<=.)\/$/, '')

describe('the OpenAPI document', () => {
  it('contains every route of the router, and no other', async () => {
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

  it('gives every operation a summary, a description, its credentials, a success, and problems with a schema', async () => {
    const { paths } = await apiDocument()
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const where = `${method} ${path}`
        expect(operation.summary, where).toBeTruthy()
        expect(operation.description, where).toBeTruthy()
        // Public operations say so by an empty list.
        expect(operation.security, where).toBeDefined()
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
        // For requests from pages of other sites, whoever the user is.
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

describe('the published document', () => {
  it('allows more members in responses, so that a new field breaks no generated client, but not in requests', async () => {
    const published = await publishedDocument()
    const closed = [...answerSchemas(published)].filter(({ additionalProperties }) => additionalProperties === false)
    expect(closed).toEqual([])
    for (const { name, requestBody } of operationsOf(published)) {
      for (const { schema } of Object.values(requestBody?.content ?? {})) {
        const { additionalProperties, required, type } = resolved(published, schema)
        // A vCard.
        if (type === 'string') continue
        // OAuth 2.0 lets clients send more.
        const isForm = JSON.stringify(required) === '["username","password"]'
        expect(additionalProperties, name).toBe(isForm ? undefined : false)
      }
    }
  })

  it('is treated as closed here: a response with an undocumented field fails', async () => {
    const document = await apiDocument()
    for (const name of ['Contact', 'Tokens', 'User', 'Export']) {
      const schema = document.components.schemas[name] ?? {}
      expect(violations(document, schema, schema.example), name).toEqual([])
      expect(violations(document, schema, { ...(schema.example as object), more: 1 }), name).not.toEqual([])
    }
  })

  it('has booleans for flags in queries', async () => {
    const flags = operationsOf(await publishedDocument()).flatMap(({ parameters }) =>
      parameters.filter(({ name }) => ['favorite', 'total', 'disabled'].includes(name)).map(({ schema }) => schema),
    )
    expect(flags.length).toBeGreaterThan(5)
    for (const { type, enum: values } of flags) expect({ type, values }).toEqual({ type: 'boolean', values: undefined })
  })

  it('has a header parameter wherever a body has two media types: src/auth/schema.ts says why', async () => {
    const operations = operationsOf(await publishedDocument())
    const several = operations.filter(({ requestBody }) => Object.keys(requestBody?.content ?? {}).length > 1)
    expect(several.map(({ name }) => name)).toContain('POST /api/auth/login')
    expect(several.length).toBeGreaterThan(1)
    for (const { name, parameters } of several)
      expect(parameters.filter((one) => one.in === 'header').length, name).toBeGreaterThan(0)
  })

  it('has an example of every body and answer, and of each problem its own', async () => {
    const document = await publishedDocument()
    const problems = z.record(
      z.string(),
      z.looseObject({ value: z.looseObject({ status: z.int(), code: z.string() }) }),
    )
    const { examples } = z.looseObject({ examples: problems }).parse(document.components)
    const problem = document.components.schemas.Problem ?? {}
    for (const [code, { value }] of Object.entries(examples)) {
      expect(violations(document, problem, value), code).toEqual([])
      expect(Object.keys(explanations)).toContain(code)
    }
    for (const { name, requestBody, responses } of operationsOf(document)) {
      const bodies = [requestBody?.content, ...Object.values(responses).map(({ content }) => content)]
      for (const [type, { schema }] of bodies.flatMap((content) => Object.entries(content ?? {}))) {
        if (type === 'application/problem+json') continue
        const { example, items } = resolved(document, schema)
        expect(example ?? resolved(document, (items ?? {}) as Schema).example, `${name} ${type}`).toBeDefined()
      }
      for (const [status, { content }] of Object.entries(responses)) {
        const named = content?.['application/problem+json']?.examples
        const [code = ''] = Object.keys((named ?? {}) as object)
        if (content?.['application/problem+json']) expect(examples[code]?.value.status, name).toBe(Number(status))
      }
    }
  })

  it('fills in nothing on /docs that would make the next try fail', async () => {
    for (const { name, parameters } of operationsOf(await publishedDocument())) {
      // An optional parameter with an example would be sent by /docs: only `limit` may have one.
      const sent = parameters.filter(({ required, schema }) => !required && schema.example !== undefined)
      expect(
        sent.map((one) => one.name).filter((one) => one !== 'limit'),
        name,
      ).toEqual([])
    }
  })

  it('states no format for a text that may be empty, because an empty text is not an address', async () => {
    const document = await publishedDocument()
    const formatted = operationsOf(document).flatMap(({ requestBody }) =>
      Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
        Object.entries((resolved(document, schema).properties ?? {}) as Record<string, Schema>).flatMap(
          ([name, { format, pattern }]) => (format && typeof pattern === 'string' ? [{ name, pattern }] : []),
        ),
      ),
    )
    expect(formatted.length).toBeGreaterThan(3)
    for (const { name, pattern } of formatted) expect('', name).not.toMatch(new RegExp(pattern, 'u'))
  })

  it('says that a contact needs a name, and a phone search a digit', async () => {
    const document = await publishedDocument()
    const { ContactInput = {}, ContactPatch = {} } = document.components.schemas
    const fits = (schema: Schema, value: object) => violations(document, schema, value).length === 0
    for (const named of [
      { first_name: 'Ana' },
      { last_name: 'Ana', first_name: null },
      { first_name: 'A', last_name: ' ' },
    ])
      expect(fits(ContactInput, named), JSON.stringify(named)).toBe(true)
    for (const unnamed of [
      {},
      { phone: '1' },
      { first_name: null },
      { last_name: ' ' },
      { first_name: '', last_name: null },
    ])
      expect(fits(ContactInput, unnamed), JSON.stringify(unnamed)).toBe(false)
    for (const patch of [{}, { first_name: null }, { first_name: null, last_name: 'Ana' }])
      expect(fits(ContactPatch, patch), JSON.stringify(patch)).toBe(true)
    expect(fits(ContactPatch, { first_name: null, last_name: '' })).toBe(false)

    const list = operationsOf(document).find(({ name }) => name === 'GET /api/contacts')
    const { schema = {} } = list?.parameters.find(({ name }) => name === 'phone') ?? {}
    for (const phone of ['044', '(0', '+380 44', '４４']) expect(violations(document, schema, phone), phone).toEqual([])
    for (const phone of ['', '+', 'call me']) expect(violations(document, schema, phone), phone).not.toEqual([])
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
