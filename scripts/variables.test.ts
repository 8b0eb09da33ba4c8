import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { variableNames } from '../src/config.ts'
import { nearestName } from '../src/platform/config/unknown.ts'
import { freePorts, start } from '../test/node/running.ts'
import { describeMisspelt, describeUnknown, localVariables } from './variables.ts'

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-variables-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('an unknown variable', () => {
  it('is reported with the nearest variable', () => {
    for (const [typed, meant] of [
      ['ACCES_TOKEN_TTL', 'ACCESS_TOKEN_TTL'],
      ['SMTP_HOTS', 'SMTP_HOST'],
      ['SMPT_PASSWORD', 'SMTP_PASSWORD'],
      ['smtp_host', 'SMTP_HOST'],
      ['CORS_ORIGIN', 'CORS_ORIGINS'],
      ['DATABSE_URL', 'DATABASE_URL'],
      ['SMTP_USER', 'SMTP_USERNAME'],
    ] as const) {
      expect(describeUnknown([typed], '.dev.vars')).toEqual([
        `.dev.vars sets ${typed}, which Vizitka does not know. Did you mean ${meant}?`,
      ])
    }
    for (const name of ['WEATHER', 'S', 'SM']) expect(nearestName(name, variableNames)).toBeUndefined()
    expect(describeUnknown(['WEATHER', 'SMTP_HOST'], 'wrangler.toml')).toEqual([
      'wrangler.toml sets WEATHER, which Vizitka does not know.',
    ])
  })

  it('is reported in the environment only if it resembles a variable of the service', () => {
    const others = [
      'PATH',
      'HOME',
      'PORT',
      'INBOX_PORT',
      'NODE_ENV',
      'SHELL',
      'CLOUDFLARE_API_TOKEN',
      'SMTP_HOST',
      'SMTP',
    ]
    expect(describeMisspelt(others)).toEqual([])
    expect(describeMisspelt(['DATABSE_URL', 'SMTP_PASWORD'])).toEqual([
      'The environment sets DATABSE_URL, which Vizitka does not know. Did you mean DATABASE_URL?',
      'The environment sets SMTP_PASWORD, which Vizitka does not know. Did you mean SMTP_PASSWORD?',
    ])
  })

  it('is not one that wrangler, Cloudflare or the tests read', () => {
    const file = join(newFolder(), 'vars')
    writeFileSync(file, 'CLOUDFLARE_API_TOKEN=x\nWRANGLER_LOG=debug\nTEST_INBOX=y\nSMTP_HOST=mail\nSMTP_PROT=25\n')
    const { variables, warnings } = localVariables(file)
    expect(variables).toMatchObject({ SMTP_HOST: 'mail' })
    expect(warnings).toEqual([`${file} sets SMTP_PROT, which Vizitka does not know. Did you mean SMTP_PORT?`])
  })
})

describe('npm start with an invalid variable', () => {
  it('reports each fault one time, and does not start', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'vars'), 'SECRET_KEY="secret"\nPUBLIC_URL="http://127.0.0.1:8787"\nSESSION_TTL="long"\n')
    const script = start(folder, await freePorts())
    expect(await script.ended).toBe(1)
    const [first, second, third, ...more] = script.output().trimEnd().split('\n')
    expect(first).toBe('Starting Vizitka…')
    expect(second).toMatch(
      /^Vizitka is not configured: SECRET_KEY is too short [^;]*; make one with: [^;]*; SESSION_TTL must be [^;]*\.$/,
    )
    expect(third).toBe(`Correct it in ${join(folder, 'vars')}, then run the same command again.`)
    expect(more).toEqual([])
  })
})
