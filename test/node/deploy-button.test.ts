import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { experimental_readRawConfig, type Unstable_RawConfig } from 'wrangler'
import { exampleVars } from '../../scripts/start.ts'
import { parseConfiguration } from '../../src/config.ts'
import { pristine } from './deploying.ts'

const config: Unstable_RawConfig = experimental_readRawConfig({ config: 'wrangler.toml' }).rawConfig
const { cloudflare, scripts } = JSON.parse(readFileSync('package.json', 'utf8'))

describe('the “Deploy to Cloudflare” button', () => {
  it('asks for no local variables, which `npm start` sets all the same', () => {
    // The button would ask for each entry, and deploy its value here as a secret.
    expect(parseEnv(readFileSync('.dev.vars.example', 'utf8'))).toEqual({})
    const local = parseEnv(exampleVars())
    expect(parseConfiguration({ ...local, SECRET_KEY: 'only-for-tests-3f9a1c7e5b2d8460a9c4e1f7b3d5' })).toMatchObject({
      PUBLIC_URL: 'http://127.0.0.1:8787',
      SMTP_HOST: '127.0.0.1',
    })
  })

  it('finds resources at the top of wrangler.toml, with a comment on each', () => {
    const names = [
      ...(config.d1_databases ?? []).map(({ binding }) => binding),
      ...(config.kv_namespaces ?? []).map(({ binding }) => binding),
      ...(config.durable_objects?.bindings ?? []).map(({ name }) => name),
    ]
    expect(Object.keys(cloudflare.bindings).sort()).toEqual(names.sort())
    for (const { description } of Object.values<{ description: string }>(cloudflare.bindings))
      expect(description).toMatch(/\.$/)
  })

  it('finds a default name or id for each, as its documentation asks, which changes nothing locally', () => {
    // https://developers.cloudflare.com/workers/platform/deploy-buttons/#automatic-resource-provisioning Without an id,
    // wrangler finds local data by the binding's name, so that is the id.
    expect(config.d1_databases).toEqual([
      expect.objectContaining({
        binding: 'DB',
        database_name: expect.stringMatching(/./),
        database_id: expect.any(String),
      }),
    ])
    expect(config.kv_namespaces).toEqual([{ binding: 'CACHE', id: expect.any(String) }])
    const original = pristine()
    expect(original).toMatch(/\[\[d1_databases\]\]\nbinding = "DB"\n[^[]*^database_id = "DB"$/m)
    expect(original).toMatch(/\[\[kv_namespaces\]\]\nbinding = "CACHE"\nid = "CACHE"\n/)
  })

  it('has a link that says what to replace', () => {
    const readme = readFileSync('README.md', 'utf8')
    const [link = ''] = readme.match(/https:\/\/deploy\.workers\.cloudflare\.com\/\?url=[^)\s]+/) ?? []
    const repository = new URL(link).searchParams.get('url') ?? ''
    expect(repository).toMatch(/^https:\/\/git(?:hub|lab)\.com\/[\w-]+\/[\w.-]+$/)
    const placeholder = repository.match(/YOUR-[A-Z]+/)?.[0]
    if (placeholder) expect(readme).toContain(`replace \`${placeholder}\``)
  })

  it('runs `npm run deploy`, which Workers Builds uses as its deploy command', () => {
    expect(scripts).toMatchObject({ deploy: 'node --import ./scripts/install.mjs scripts/deploy.ts' })
    expect(readFileSync('README.md', 'utf8')).toContain(
      'https://deploy.workers.cloudflare.com/?url=https://github.com/',
    )
  })
})

describe('each environment of wrangler.toml', () => {
  const { production, staging } = config.env ?? {}

  it('repeats what environments do not inherit, and has its own names', () => {
    for (const environment of [production, staging]) {
      expect(environment).toMatchObject({
        d1_databases: [{ binding: 'DB', migrations_dir: 'migrations' }],
        kv_namespaces: [{ binding: 'CACHE' }],
        durable_objects: { bindings: config.durable_objects?.bindings },
        version_metadata: config.version_metadata,
        limits: { cpu_ms: expect.any(Number) },
        secrets: { required: ['SECRET_KEY'] },
      })
    }
    expect(production?.name).not.toBe(staging?.name)
    expect(production?.d1_databases?.[0]?.database_name).not.toBe(staging?.d1_databases?.[0]?.database_name)
  })
})
