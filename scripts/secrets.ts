/** `npm run secrets`: looks for keys, tokens and passwords in every file that is, or is about to be, in git. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { lintSource } from '@secretlint/core'
import { creator as recommended } from '@secretlint/secretlint-rule-preset-recommend'

/** Something that looks like a secret; never the secret itself, since what is printed is kept, too. */
export interface Finding {
  readonly file: string
  /** Counted from 1; 0 where the whole file is meant. */
  readonly line: number
  readonly what: string
}

interface Exception {
  readonly file: string
  readonly what: RegExp
  /** What it holds, so that another secret in the same file is still found. */
  readonly text: string
  readonly reason: string
}

/** What looks like a secret and is none, with the reason. One that no longer applies is a finding, too. */
export const exceptions: readonly Exception[] = [
  {
    file: 'test/hostile-smtp.ts',
    what: /privatekey/,
    text: 'DjoELZuSQBMBkWOrO9jxgBMptlShRANCAAQJb9dX7Qh6u',
    reason: 'The key of the tests’ mail server: of localhost, and trusted by nobody but the tests.',
  },
  {
    file: 'test/stranger.ts',
    what: /privatekey/,
    text: 'm9wIswfeBOF5fi8rLuKtSFkLMZihRANCAAT4ac0',
    reason: 'The key of a certificate that the tests refuse.',
  },
  {
    file: 'src/platform/db/database.test.ts',
    what: /basicauth/,
    text: '//ana:secret@db.example.com',
    reason: 'An address with a password, which is refused.',
  },
  {
    file: 'test/node/migrate.test.ts',
    what: /basicauth/,
    text: '//ana:secret@db.example.com',
    reason: 'An address with a password, which is refused.',
  },
  {
    file: 'test/node/compose.test.ts',
    what: /variable/,
    text: 'vJ3kq0Yw8sZ1nB6tR5xD2mC9fH4gL7pA',
    reason: 'A key of the test’s own, for a service that lives as long as the test.',
  },
  {
    file: 'test/node/deploy.test.ts',
    what: /variable/,
    text: 'another-key-that-is-not-taken-7d1f0b3c9a5e',
    reason: 'A key for the test’s stand-in of Cloudflare, which must not take it.',
  },
]

/** A file whose name says that it is not for git. */
const private_ = /^(\.dev\.vars(\..+)?|\.env(\..+)?|.+\.(pem|key|p12|pfx|keystore)|id_(rsa|ed25519|ecdsa))$/
const examples = new Set(['.dev.vars.example'])

/** How the tests' own values begin, none of which opens anything. */
const madeUp = ['only-for-tests-', 'quite-another-key-', 'change-me-', 'keep-this-', 'not-this-', 'short-and-'].join(
  '|',
)
const names =
  'SECRET_KEY|SECRET_KEY_PREVIOUS|DATABASE_AUTH_TOKEN|SMTP_PASSWORD|CLOUDINARY_API_KEY|CLOUDINARY_API_SECRET'

/**
 * Our own secrets, as `.dev.vars`, `wrangler.toml`, YAML, JSON or code would say them; and what is one wherever it
 * stands.
 */
const own: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  {
    what: 'a variable that is a secret',
    pattern: new RegExp(`\\b(?:${names})["']?\\s*[:=]\\s*(["'\`])(?!${madeUp})[^\\s"'\`$]{12,}\\1`, 'g'),
  },
  {
    what: 'a variable that is a secret',
    pattern: new RegExp(`\\b(?:${names})\\s*[:=]\\s*(?!${madeUp})(?=\\S*\\d)[\\w+/=-]{12,}\\s*$`, 'gm'),
  },
  { what: 'a JSON Web Token', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/g },
  { what: 'an address of Cloudinary with its secret', pattern: /cloudinary:\/\/[^\s:@]+:[^\s:@]+@/g },
  // By which the recommended rules can be told to look away. Here, exceptions have reasons, in this file.
  { what: 'a comment that hides secrets', pattern: new RegExp(`${'secretlint'}-(?:disable|enable)`, 'g') },
]

const rules = [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: recommended, options: {} }]

const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length

/** A finding, and the text that it is about. */
interface Match extends Finding {
  readonly text: string
}

/** What looks like a secret in a text, exceptions among it. */
async function findIn(file: string, text: string): Promise<Match[]> {
  // Read from memory, so that no rule looks for a file by its name. Comments that hide are made harmless first.
  const content = text.replaceAll(/secretlint-(?=(?:dis|en)able)/g, 'secretlint ')
  const source = { filePath: file, content, contentType: 'text' as const, ext: extname(file) }
  const { messages } = await lintSource({ source, options: { config: { rules }, noPhysicFilePath: true } })
  const theirs = messages.map(({ loc, range: [from, to], ruleId }) => ({
    line: loc.start.line,
    what: ruleId.replace(/^.*rule-/, ''),
    text: content.slice(from, to),
  }))
  const ours = own.flatMap(({ what, pattern }) =>
    [...text.matchAll(pattern)].map(({ index, 0: found }) => ({ line: lineOf(text, index), what, text: found })),
  )
  return [...theirs, ...ours].map((finding) => ({ file, ...finding }))
}

/**
 * A rule may take all from one key's beginning to another's end for one: what is longer than a small key is no
 * exception.
 */
const longestException = 400

const isExcepted =
  ({ file, what, text }: Match) =>
  (exception: Exception): boolean =>
    exception.file === file &&
    exception.what.test(what) &&
    text.length <= longestException &&
    text.includes(exception.text)

/**
 * Everything in a git checkout that looks like a secret: in what is committed, and in what is not ignored and so could
 * be. The past is not looked through.
 * @throws Error where the folder is no git checkout
 */
export async function findSecrets(folder: string): Promise<{ files: number; findings: Finding[] }> {
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: folder, maxBuffer: 64 * 2 ** 20 },
  )
  const files = [...new Set(stdout.split('\0').filter(Boolean))]
  const findings: Finding[] = []
  const used = new Set<Exception>()
  for (const file of files) {
    const name = basename(file)
    if (private_.test(name) && !examples.has(name)) findings.push({ file, line: 0, what: 'a file that is not for git' })
    const text = await readFile(join(folder, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
      // Deleted, and not yet committed so; or a link to elsewhere.
      if (error.code === 'ENOENT' || error.code === 'EISDIR') return ''
      throw error
    })
    for (const finding of await findIn(file, text)) {
      const exception = exceptions.find(isExcepted(finding))
      if (exception) used.add(exception)
      else findings.push({ file, line: finding.line, what: finding.what })
    }
  }
  for (const exception of exceptions) {
    if (files.includes(exception.file) && !used.has(exception))
      findings.push({ file: exception.file, line: 0, what: 'an exception in scripts/secrets.ts that nothing needs' })
  }
  return { files: files.length, findings }
}

if (import.meta.main) {
  try {
    const { files, findings } = await findSecrets('.')
    for (const { file, line, what } of findings) console.error(`${file}${line > 0 ? `:${line}` : ''}: ${what}`)
    if (findings.length > 0) {
      console.error(
        '\nThis looks like a secret. If it is one, take it out, and give it another value wherever it was good for: whoever has ' +
          'seen the commit has it.\nIf it is none, name it among the exceptions of scripts/secrets.ts, with the reason.',
      )
      process.exitCode = 1
    } else {
      console.log(`No secrets in ${files} files.`)
    }
  } catch (error) {
    console.error(`Nothing was looked through: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 2
  }
}
