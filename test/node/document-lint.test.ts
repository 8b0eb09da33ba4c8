import { createConfig, lintFromString } from '@redocly/openapi-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { sharedService } from '../browser/shared.ts'

/** A document that says too little: a linter that has nothing against it looks at nothing. */
const poor = { openapi: '3.1.0', info: { title: 'Poor', version: '1' }, paths: { '/': { get: { responses: {} } } } }

let document: object
beforeAll(async () => {
  document = await (await fetch(`${sharedService().url}/openapi.json`)).json()
})

/** Lints a document by Redocly's recommended rules: errors and warnings. */
async function redocly(judged: object): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintFromString({ source: JSON.stringify(judged), config })
  return problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)
}

describe('the OpenAPI document', () => {
  it('has no error and no warning by Redocly’s default rules', async () => {
    expect(await redocly(document)).toEqual([])
    expect(await redocly(poor)).not.toEqual([])
  })
})
