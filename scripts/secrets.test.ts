import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exceptions, findSecrets } from './secrets.ts'

const git = (folder: string, ...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' })

/** Random, and of the letters that such keys are made of: nothing here is good for anything. */
const letters = (length: number): string => randomBytes(length).toString('hex').slice(0, length)
const base64 = (bytes: number): string => randomBytes(bytes).toString('base64')
const json = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * Secrets of many kinds: where somebody might leave one, and what it is. Put together here, so that none stands in this
 * file.
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
    return { file: 'src/config.ts', text: `const fallback = { "SECRET_KEY": '${secret}' }`, secret }
  },
  'the password of a mail server': () => {
    const secret = letters(20)
    return { file: 'docs/operations.md', text: `SMTP_PASSWORD="${secret}"`, secret }
  },
  'the secret of Cloudinary': () => {
    const secret = letters(27)
    return { file: 'scripts/cloudinary-preset.ts', text: `CLOUDINARY_API_SECRET: '${secret}'`, secret }
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
    return { file: 'test/stranger.ts', text, secret: text.split('\n')[1] ?? '' }
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
  'what a comment hides': () => {
    const secret = `ghp_${letters(36)}`
    return { file: 'src/app.ts', text: `// ${'secretlint'}-disable\nconst token = '${secret}'`, secret }
  },
}

describe('npm run secrets', () => {
  let copy: string

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'vizitka-secrets-'))
    git(copy, 'init', '-q')
    // What the tests below write into is enough: each looks through all of the copy several times.
    const wanted = new Set([
      ...Object.values(planted).map((plant) => plant().file),
      ...exceptions.map(({ file }) => file),
    ])
    const files = git('.', 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0')
    for (const file of files.filter((one) => wanted.has(one))) cpSync(file, join(copy, file))
    git(copy, 'add', '--all')
  })
  afterAll(() => rmSync(copy, { recursive: true, force: true }))

  it('finds none in this repository', async () => {
    const { files, findings } = await findSecrets('.')
    expect(findings).toEqual([])
    expect(files).toBeGreaterThan(200)
  })

  it.each(Object.entries(planted))('finds %s, and says where without saying what', async (_, plant) => {
    const { file, text, secret } = plant()
    const path = join(copy, file)
    mkdirSync(dirname(path), { recursive: true })
    const before = spawnSync('git', ['show', `:${file}`], { cwd: copy, encoding: 'utf8' })
    const own = before.status === 0 ? before.stdout : undefined
    writeFileSync(path, `${own ?? ''}\n${text}\n`)
    try {
      const line = `${own ?? ''}\n`.split('\n').length
      const { findings } = await findSecrets(copy)
      expect(findings.map((finding) => finding.file)).toContain(file)
      const at = text.split('\n').findIndex((one) => one.includes(secret))
      // A key in lines of its own begins with the line that says so.
      const first = text.includes('BEGIN') ? at - 1 : at
      expect(findings.map((finding) => finding.line)).toContain(line + first)
      expect(JSON.stringify(findings)).not.toContain(secret)
      const run = spawnSync(process.execPath, [resolve('scripts/secrets.ts')], { cwd: copy, encoding: 'utf8' })
      expect(run.status).toBe(1)
      expect(run.stderr).toContain(`${file}:`)
      expect(run.stdout + run.stderr).not.toContain(secret)
    } finally {
      if (own === undefined) rmSync(path)
      else writeFileSync(path, own)
    }
    expect((await findSecrets(copy)).findings).toEqual([])
  })

  it('finds files that are not for git, once they are not ignored, and whatever they hold', async () => {
    for (const file of ['.dev.vars', '.dev.vars.production', 'deploy/.env', 'key.pem']) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      writeFileSync(join(copy, file), 'PUBLIC_URL="http://127.0.0.1:8787"\n')
      git(copy, 'add', '--force', file)
      expect((await findSecrets(copy)).findings).toEqual([{ file, line: 0, what: 'a file that is not for git' }])
      git(copy, 'rm', '-q', '--force', file)
    }
    for (const file of ['.dev.vars', '.dev.vars.production', '.env', '.env.local', 'key.pem']) {
      expect(spawnSync('git', ['check-ignore', '-q', file]).status, file).toBe(0)
    }
    expect(spawnSync('git', ['check-ignore', '-q', '.dev.vars.example']).status).toBe(1)
  })

  it('takes nothing for harmless without a reason, nor any longer than it is there', async () => {
    for (const { file, reason, text } of exceptions) {
      expect(reason.length).toBeGreaterThan(20)
      const path = join(copy, file)
      const own = readFileSync(path, 'utf8')
      writeFileSync(path, own.replaceAll(text, 'nothing'))
      const { findings } = await findSecrets(copy)
      writeFileSync(path, own)
      expect(findings.filter((finding) => finding.file === file)).not.toEqual([])
    }
  })

  it('says so where there is nothing to look through', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vizitka-no-git-'))
    const run = spawnSync(process.execPath, [resolve('scripts/secrets.ts')], { cwd: folder, encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    expect([run.status, run.stderr]).toEqual([2, expect.stringContaining('Nothing was looked through')])
  })
})
