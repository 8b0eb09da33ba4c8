import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { typesAt } from '../../scripts/client.ts'
import { sharedService } from '../../test/browser/shared.ts'
import { type Api, dataOf } from './client.ts'
import type { Contact } from './schema.d.ts'
import { documentOf } from './types.ts'

const service = sharedService()

describe('the types', () => {
  it('are those that npm run client makes from the document', async () => {
    const types = await typesAt(service.url)
    expect(readFileSync('examples/client/schema.d.ts', 'utf8') === types, 'npm run client').toBe(true)
  })

  it('say what may be missing', () => {
    expectTypeOf<Contact['birthday']>().toEqualTypeOf<string | null>()
    expectTypeOf<Contact['favorite']>().toEqualTypeOf<boolean>()
    expectTypeOf(dataOf<Contact>).returns.resolves.toEqualTypeOf<Contact>()
    expectTypeOf<Api>().toHaveProperty('PATCH')
  })
})

describe('the document', () => {
  const documented = async () => JSON.parse(await documentOf(service.url)) as Document

  it('names its licence as OpenAPI 3.1 does, without which openapi-generator refuses it', async () => {
    expect((await documented()).info.license).toEqual({ name: 'MIT', identifier: 'MIT' })
  })

  it('names every operation, so that generated clients have names for their methods', async () => {
    const { paths } = await documented()
    const names = Object.values(paths).flatMap((operations) => Object.values(operations).map((one) => one.operationId))
    expect(names.filter((name) => !/^[a-z]+([A-Z][a-z]+)+$/.test(name ?? ''))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  })

  it('asks for a body wherever one is needed', async () => {
    const { paths } = await documented()
    const optional = Object.entries(paths).flatMap(([path, operations]) =>
      Object.values(operations).some(({ requestBody }) => requestBody && !requestBody.required) ? [path] : [],
    )
    // A refresh token may be a bearer token instead.
    expect(optional).toEqual(['/api/auth/refresh'])
  })

  interface Document {
    readonly info: { readonly license: object }
    readonly paths: Record<string, Record<string, { operationId?: string; requestBody?: { required?: boolean } }>>
  }
})

describe('the example', () => {
  it.for([
    ['5.9', 'examples/client/node_modules/typescript/bin/tsc'],
    ['7', 'node_modules/typescript/bin/tsc'],
  ] as const)('compiles with TypeScript %s, and what is wrong does not', async ([version, compiler]) => {
    const tsc = (...args: string[]) => promisify(execFile)(process.execPath, [compiler, ...args])
    expect((await tsc('--version')).stdout).toContain(`Version ${version}.`)
    // refused.ts says, line by line, what must not compile.
    expect((await tsc('-p', 'examples/client')).stdout).toBe('')
  })
})
