import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitUntilWell } from '../../scripts/deploy/health.ts'
import type { Account } from '../cloudflare/account.ts'
import { startCloudflare } from '../cloudflare/server.ts'

let cf: Account

beforeEach(async () => {
  cf = await startCloudflare()
})
afterEach(() => cf.close())

describe('waiting until a deployment is healthy', () => {
  const wait = (body: object, status = 200, version: string | undefined = 'new') => {
    cf.ill = { status, body }
    return waitUntilWell(`${cf.url}/health/vizitka`, version, 1, 'production')
  }
  const health = {
    status: 'ok',
    database: 'ok',
    cache: 'ok',
    gate: 'ok',
    mail: 'ok',
    version: '0.1.0',
    deployment: 'new',
  }

  it('ends when the new version is healthy, and reports parts that are not', async () => {
    expect(await wait(health)).toBe('version 0.1.0')
    expect(await wait({ ...health, mail: 'late', cache: 'down' })).toBe('version 0.1.0 (cache: down, mail: late)')
    cf.ill = { status: 200, body: { ...health, deployment: 'old' } }
    setTimeout(() => {
      cf.ill = { status: 200, body: health }
    }, 200)
    expect(await waitUntilWell(`${cf.url}/health/vizitka`, 'new', 5, 'production')).toBe('version 0.1.0')
  })

  it('continues while the previous version answers or the new one is unhealthy, and says which', async () => {
    await expect(wait({ ...health, deployment: 'old' })).rejects.toThrow(/still answers with the deployment before/)
    await expect(wait({ ...health, status: 'down', database: 'down' }, 503)).rejects.toThrow(
      /answers 503, database: down/,
    )
    const detail = 'Vizitka is not configured: MAX_CONTACTS must be 1 or more.'
    await expect(wait({ detail }, 503)).rejects.toThrow(`answers 503. ${detail}`)
    const nobody = waitUntilWell('http://127.0.0.1:9/', 'new', 1, 'production')
    await expect(nobody).rejects.toThrow(/does not answer: .*\n.*wrangler tail --env production.*\n.*--wait 600/)
  })
})
