import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** Files with a value that looks like a secret, excepted in .secretlintrc.yml. */
const excepted = [
  'test/hostile-smtp.ts',
  'test/stranger.ts',
  'test/node/migrate.test.ts',
  'src/platform/db/database.test.ts',
  'test/node/compose.test.ts',
]

/** Random, from the alphabet of such keys; they give access to nothing. */
const letters = (length: number): string => randomBytes(length).toString('hex').slice(0, length)
const base64 = (bytes: number): string => randomBytes(bytes).toString('base64')
const json = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * Secrets of many kinds, with the file in which somebody might leave one. Composed here, so that this file contains
 * none.
 */
const planted: Record<string, () => { file: string; text: string; secret: string }> = {
  'our key, as .dev.vars has it': () => {
    const secret = base64(48)
    return { file: 'notes.txt', text: `SECRET_KEY="${secret}"`, secret }
  },
  'our key, as a shell has it': () => {
    const secret = base64(48)
    return { file: 'scripts/deploy.sh', text: `export SECRET_KEY=${secret}`, secret }
  },
  'our key, in wrangler.toml': () => {
    const secret = base64(48)
    return { file: 'wrangler.toml', text: `[vars]\nSECRET_KEY_PREVIOUS = '${secret}'`, secret }
  },
  'our key, in a workflow': () => {
    const secret = base64(48)
    return { file: '.github/workflows/ci.yml', text: `        env:\n          SECRET_KEY: ${secret}`, secret }
  },
  'our key, in code': () => {
    const secret = base64(48)
    return { file: 'src/env.ts', text: `const fallback = { "SECRET_KEY": '${secret}' }`, secret }
  },
  'the password of a mail server': () => {
    const secret = letters(20)
    return { file: 'docs/operations.md', text: `SMTP_PASSWORD="${secret}"`, secret }
  },
  'the secret of Cloudinary': () => {
    const secret = letters(27)
    return { file: 'scripts/pictures.ts', text: `CLOUDINARY_API_SECRET: '${secret}'`, secret }
  },
  'an address of Cloudinary': () => {
    const secret = letters(27)
    return { file: 'README.md', text: `${'cloudinary'}://1234567890:${secret}@cloud`, secret }
  },
  'a token of a database, or of a person': () => {
    const secret = [json({ alg: 'EdDSA', typ: 'JWT' }), json({ iat: 1, id: letters(20) }), letters(60)].join('.')
    return { file: 'docs/storage.md', text: `curl -H 'Authorization: Bearer ${secret}'`, secret }
  },
  'a private key': () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const text = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    return { file: 'test/key.ts', text, secret: text.split('\n')[1] ?? '' }
  },
  'a token of GitHub': () => {
    const secret = `ghp_${letters(36)}`
    return { file: '.ci/run', text: `git clone https://x:${secret}@github.com/vizitka/vizitka`, secret }
  },
  'a token of npm': () => {
    const secret = `npm_${letters(36)}`
    return { file: '.npmrc', text: `//packages.example.com/:_authToken=${secret}`, secret }
  },
  'an address with a password': () => {
    const secret = letters(16)
    return { file: 'docs/decisions/006-two-drivers.md', text: `https://ana:${secret}@db.example.com`, secret }
  },
}

/** Runs secretlint as `npm run secrets` does, in a folder. */
const scan = (folder: string) =>
  spawnSync(process.execPath, [resolve('node_modules/secretlint/bin/secretlint.js'), '**/*'], {
    cwd: folder,
    encoding: 'utf8',
  })

describe('npm run secrets', () => {
  let copy: string

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'vizitka-secrets-'))
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
    for (const file of ['.secretlintrc.yml', '.gitignore', 'package.json', ...excepted]) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      cpSync(file, join(copy, file))
    }
  })
  afterAll(() => rmSync(copy, { recursive: true, force: true }))

  it('finds none in this repository', () => {
    const { status, stdout, stderr } = scan('.')
    expect(stdout + stderr).toBe('')
    expect(status).toBe(0)
  })

  it('runs secretlint on every file that git does not ignore, and npm run check runs it', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
    expect(scripts.secrets).toMatch(/ && secretlint '\*\*\/\*'$/)
    expect(scripts.check).toContain('npm run --silent secrets')
  })

  it('finds secrets of each kind, in files of each kind, and does not print them', () => {
    const secrets = Object.values(planted).map((plant) => plant())
    for (const { file, text } of secrets) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      writeFileSync(join(copy, file), `${text}\n`, { flag: 'a' })
    }
    const { status, stdout, stderr } = scan(copy)
    expect(status).toBe(1)
    for (const { file, secret } of secrets) {
      expect(stdout, file).toContain(join(copy, file))
      expect(stdout + stderr, file).not.toContain(secret)
      rmSync(join(copy, file))
    }
    for (const file of excepted) cpSync(file, join(copy, file))
    expect(scan(copy).status).toBe(0)
  })

  it('finds files that must not be committed, unless they are ignored, whatever they contain', () => {
    const files = ['.dev.vars', '.dev.vars.production', 'deploy/.env', 'key.pem']
    writeFileSync(join(copy, '.gitignore'), 'node_modules\n')
    for (const file of files) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      writeFileSync(join(copy, file), 'PUBLIC_URL="http://127.0.0.1:8787"\n')
    }
    writeFileSync(join(copy, '.dev.vars.example'), 'PUBLIC_URL="http://127.0.0.1:8787"\n')
    const { stdout } = scan(copy)
    for (const file of files) expect(stdout).toContain(join(copy, file))
    expect(stdout).not.toContain('.dev.vars.example')
    for (const file of files) rmSync(join(copy, file))
    for (const file of ['.dev.vars', '.dev.vars.production', '.env', '.env.local', 'key.pem']) {
      expect(spawnSync('git', ['check-ignore', '-q', file]).status, file).toBe(0)
    }
    expect(spawnSync('git', ['check-ignore', '-q', '.dev.vars.example']).status).toBe(1)
  })

  // secretlint respects such comments. Exceptions are in .secretlintrc.yml, with their reasons.
  it('cannot be switched off by a comment', () => {
    const { status, stdout } = spawnSync('git', ['grep', '-lE', `${'secretlint'}-(dis|en)able`], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([1, ''])
  })

  it('has exceptions for single values, not for whole files', () => {
    for (const file of excepted) {
      const own = readFileSync(file, 'utf8')
      writeFileSync(
        join(copy, file),
        own.replaceAll(/DjoELZuSQ|m9wIswfe|ana:secret|vJ3kq0Yw/g, (text) => text.replace(/^.../, 'eve')),
      )
      expect(scan(copy).stdout, file).toContain(join(copy, file))
      writeFileSync(join(copy, file), own)
    }
  })
})
