import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RulesetDefinition, Spectral } from '@stoplight/spectral-core'
import { oas } from '@stoplight/spectral-rulesets'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sharedService } from '../browser/shared.ts'

const folder = mkdtempSync(join(tmpdir(), 'vizitka-lint-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One that says too little: what finds nothing in it looks at nothing. */
const poor = { openapi: '3.1.0', info: { title: 'Poor', version: '1' }, paths: { '/': { get: { responses: {} } } } }

let document: object
beforeAll(async () => {
  document = await (await fetch(`${sharedService().url}/openapi.json`)).json()
})

const redoclySchema = z.object({ problems: z.array(z.object({ ruleId: z.string(), message: z.string() })) })

/** What Redocly has against a document by its default rules, errors and warnings. It is told to call nobody. */
function redocly(judged: object): string[] {
  const file = join(folder, 'openapi.json')
  writeFileSync(file, JSON.stringify(judged))
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/@redocly/cli/bin/cli.js', 'lint', file, '--format=json'],
    {
      encoding: 'utf8',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  )
  if (!stdout.startsWith('{')) throw new Error(`Redocly has not judged the document: ${stderr}`)
  const { problems } = redoclySchema.parse(JSON.parse(stdout))
  return problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)
}

/** What Spectral has against a document by its default rules for OpenAPI, errors and warnings. */
async function spectral(judged: object): Promise<string[]> {
  const linter = new Spectral()
  // Its own types do not fit each other.
  linter.setRuleset({ extends: [oas as RulesetDefinition] })
  const found = await linter.run(JSON.stringify(judged))
  return found.map(({ code, path, message }) => `${code}: ${path.join('/')}: ${message}`)
}

describe('the OpenAPI document', () => {
  it('has no error and no warning by Redocly’s default rules', () => {
    expect(redocly(document)).toEqual([])
    expect(redocly(poor)).not.toEqual([])
  })

  it('has no error and no warning by Spectral’s default rules', async () => {
    expect(await spectral(document)).toEqual([])
    expect(await spectral(poor)).not.toEqual([])
  })
})
