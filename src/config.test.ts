import { describe, expect, it, vi } from 'vitest'
import { configuration, parseConfiguration, variableNames } from './config.ts'

const right = { SECRET_KEY: 'only-for-tests-3f9a1c7e5b2d8460a9c4e1f7b3d5', PUBLIC_URL: 'https://vizitka.test' }

/** What people write where something else is wanted. */
const wrong = [
  ...[
    ' ',
    'x',
    ' x',
    '☃',
    '-1',
    '0',
    '1.5',
    '1e9',
    '99999999',
    '99999999999999999999',
    'true ',
    'yes',
    '@',
    'a@b',
    'a,b',
  ],
  ...['http://', 'ftp://vizitka.test', 'https://vizitka.test/path', 'libsql://me:word@host', '[]', '{}', '{"user":1}'],
  ...['{"boss":[]}', '{"user":["fly"]}', 'secret', 'x'.repeat(300), 'change-me-change-me-change-me-1234567', '\u0000'],
  ...[
    'contacts-create=2',
    'nobody=1/5s',
    'contacts-create=99999/5s',
    'gate=9',
    'nowhere=8s',
    'gate=99s',
    '99999d',
    '8d',
  ],
]

/** What is wrong, by the variables that are said to be. */
function faultsOf(variables: object): string[] {
  try {
    parseConfiguration({ ...right, ...variables })
    return []
  } catch (error) {
    const [, faults = ''] = String(error).match(/^ConfigurationError: Vizitka is not configured: (.*)\.$/s) ?? []
    expect(faults, String(error)).not.toBe('')
    return faults.split(/; (?=[A-Z_]+ )/)
  }
}

describe('what is said of a wrong variable', () => {
  it('is one sentence with a verb, whatever is wrong with it', () => {
    const sentence = /^[A-Z_]+ (?:is|must|has|names|and [A-Z_]+ go) /
    const complained = new Set<string>()
    for (const name of variableNames) {
      for (const value of wrong) {
        const faults = faultsOf({ [name]: value })
        expect(faults.length, `${name}=${value}`).toBeLessThanOrEqual(1)
        for (const fault of faults) {
          expect(fault).toMatch(sentence)
          // zod's own words, where a rule has none of ours.
          expect(fault, `${name}=${value}`).not.toMatch(/invalid|expected|too (?:small|big)|NaN/i)
          complained.add(fault.split(' ')[0] ?? '')
        }
      }
    }
    // What any text will do for, and those of which the other of the pair is named.
    const pairs = ['CLOUDINARY_UPLOAD_PRESET', 'CLOUDINARY_API_SECRET', 'SMTP_PASSWORD']
    const free = ['DATABASE_AUTH_TOKEN', 'SMTP_HOST', ...pairs]
    expect(variableNames.filter((name) => !complained.has(name)).toSorted()).toEqual(free.toSorted())
  })

  it('is said of each that is missing', () => {
    expect(faultsOf({ SECRET_KEY: '', PUBLIC_URL: '' })).toEqual([
      expect.stringMatching(/^SECRET_KEY is missing; make one with: openssl/),
      expect.stringMatching(/^PUBLIC_URL is missing; set it to/),
    ])
  })

  it('names one fault of each variable, and none of those that were compared with it', () => {
    expect(faultsOf({ SECRET_KEY: 'secret' })).toEqual([expect.stringMatching(/^SECRET_KEY is too short/)])
    expect(faultsOf({ SESSION_TTL: 'long', SMTP_PORT: 'smtp' })).toEqual([
      expect.stringMatching(/^SESSION_TTL must be a whole number and a unit/),
      'SMTP_PORT must be a port number, from 1 to 65535',
    ])
  })
})

describe('a variable that nothing reads', () => {
  it('is warned of once, with the nearest name', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const bindings = () => ({ ...right, ACCES_TOKEN_TTL: '1h', WRANGLER_LOG: 'debug', CACHE: {} })
    configuration(bindings())
    configuration(bindings())
    const warnings = warn.mock.calls.map(([line]) => JSON.parse(line))
    warn.mockRestore()
    expect(warnings).toEqual([
      {
        level: 'warn',
        configuration:
          'This deployment sets ACCES_TOKEN_TTL, which Vizitka does not know. Did you mean ACCESS_TOKEN_TTL?',
      },
    ])
  })
})
