import { env } from 'cloudflare:workers'
import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { configuration } from '../config.ts'
import { digest } from '../platform/crypto/keys.ts'
import { Problem } from '../platform/http/problem.ts'
import { createAppPassword, readAppPassword } from './app-password-token.ts'
import { basic, bearer } from './strategies.ts'

const config = configuration(env)
const pair = (text: string): string => `Basic ${Buffer.from(text, 'utf8').toString('base64')}`
const password = `vz12${'a2'.repeat(13)}`

/** The problem that reading a header throws. */
async function refusalOf(strategy: typeof basic, header: string | undefined): Promise<Problem> {
  const error: unknown = await strategy.read(header, config).catch((thrown: unknown) => thrown)
  if (!(error instanceof Problem)) throw new Error('It was read.')
  return error
}

describe('an app password', () => {
  it('contains the id of its account and 130 random bits, and is parsed from its end', () => {
    for (const id of [1, 7, 12, 999_999_999_999_999]) {
      const one = createAppPassword(id)
      expect(one).toMatch(new RegExp(`^vz${id}[a-z2-7]{26}$`))
      expect(readAppPassword(one)).toEqual({ userId: id, hash: digest(one) })
    }
    // Digits at the beginning of the secret are not part of the id.
    expect(readAppPassword(`vz1${'2'.repeat(26)}`)?.userId).toBe(1)
    expect(readAppPassword(`vz12${'2'.repeat(26)}`)?.userId).toBe(12)
    const many = Array.from({ length: 500 }, () => createAppPassword(1).slice(3))
    expect(new Set(many).size).toBe(500)
    expect(new Set(many.join('')).size).toBe(32)
  })

  it.each(['', 'vz', `vz${'a'.repeat(26)}`, `vz0${'a'.repeat(26)}`, `vz1${'a'.repeat(25)}`, `vz1${'A'.repeat(26)}`])(
    'is not %j',
    (text) => {
      expect(readAppPassword(text)).toBeNull()
    },
  )
})

describe('Basic', () => {
  it('accepts an app password after the first colon, with any user name, in UTF-8', async () => {
    for (const name of ['ana@example.com', '', 'Оля', 'nobody']) {
      expect(await basic.read(pair(`${name}:${password}`), config)).toEqual({
        kind: 'app',
        userId: 12,
        hash: digest(password),
      })
    }
    // With what copying may add.
    expect(await basic.read(pair(`ana: ${password}\u200b\n`), config)).toMatchObject({ userId: 12 })
    expect(await basic.read(pair(`ana:${password}`).replace('Basic', 'basic '), config)).toMatchObject({ userId: 12 })
  })

  it.each([undefined, '', 'Basic', 'Basic ???', pair('no colon'), `Bearer ${password}`, 'Basic YTpi YTpi'])(
    'is missing in %j',
    async (header) => {
      const { status, code, headers } = await refusalOf(basic, header)
      expect([status, code]).toEqual([401, 'not-signed-in'])
      expect(headers['WWW-Authenticate']).toBe('Basic realm="Vizitka", charset="UTF-8"')
    },
  )

  it.each(['correct horse battery', 'a:b', password.slice(1), `${password}:`])(
    'with the password %j explains where to create an app password',
    async (text) => {
      const { status, code, detail, headers } = await refusalOf(basic, pair(`ana@example.com:${text}`))
      expect([status, code]).toEqual([401, 'invalid-token'])
      expect(detail).toMatch(/begins with vz.*\/docs/)
      expect(headers['WWW-Authenticate']).toMatch(/^Basic realm=/)
    },
  )
})

describe('Bearer', () => {
  it('recognizes an app password by its beginning', async () => {
    expect(await bearer.read(`Bearer ${password}`, config)).toMatchObject({ kind: 'app', userId: 12 })
    expect(await refusalOf(bearer, `Bearer ${password}a`)).toMatchObject({ code: 'invalid-token' })
    expect(await refusalOf(bearer, pair(`ana:${password}`))).toMatchObject({ code: 'not-signed-in' })
  })
})
