import { createConfig, lintFromString } from '@redocly/openapi-core'
import { type RulesetDefinition, Spectral } from '@stoplight/spectral-core'
import { oas } from '@stoplight/spectral-rulesets'
import { beforeAll, describe, expect, it } from 'vitest'
import { sharedService } from '../browser/shared.ts'

/** An incomplete document: a linter that finds nothing wrong with it checks nothing. */
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

/** Lints a document by Spectral's default rules for OpenAPI: errors and warnings. */
async function spectral(judged: object): Promise<string[]> {
  const linter = new Spectral()
  // The library's own types do not match.
  linter.setRuleset({ extends: [oas as RulesetDefinition] })
  const problems = await linter.run(JSON.stringify(judged))
  return problems.map(({ code, path, message }) => `${code}: ${path.join('/')}: ${message}`)
}

describe('the OpenAPI document', () => {
  it('has no error and no warning by Redocly’s default rules', async () => {
    expect(await redocly(document)).toEqual([])
    expect(await redocly(poor)).not.toEqual([])
  })

  it('has no error and no warning by Spectral’s default rules', async () => {
    expect(await spectral(document)).toEqual([])
    expect(await spectral(poor)).not.toEqual([])
  })
})
