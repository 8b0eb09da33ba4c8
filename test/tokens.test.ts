import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { issueUnsubscribeToken } from '../src/auth/tokens.ts'
import { configuration } from '../src/config.ts'
import { appPasswordOf } from './app-passwords.ts'
import { call, read } from './client.ts'
import {
  confirmationToken,
  freshAddress,
  freshEmail,
  from,
  linkToken,
  type Person,
  password,
  signedUp,
} from './people.ts'

/** Every kind of token, and how to get one. */
const kinds: Record<string, (ana: Person) => Promise<string>> = {
  'access token': async (ana) => ana.access,
  'refresh token': async (ana) => ana.refresh,
  'link that confirms an address': async () => {
    const email = freshEmail('waiting')
    await call('POST', '/api/auth/signup', {
      json: { username: 'waiting', email, password },
      headers: from(freshAddress()),
    })
    return confirmationToken(email)
  },
  'link that changes an address': async (ana) => {
    const email = freshEmail('moved')
    await ana.post('/api/users/me/email', { email, current_password: password })
    return linkToken(email, 'confirm-email')
  },
  'app password': async (ana) => (await appPasswordOf(ana)).password,
  'app password for a calendar': async (ana) => (await appPasswordOf(ana, 'feed')).password,
  'link that ends letters': async (ana) => issueUnsubscribeToken(ana.id, configuration(env)),
  'link to a new password': (ana) => resetLink(ana),
  'confirmation of a reset': async (ana) => {
    const opened = await call('GET', `/api/auth/reset-password/${await resetLink(ana)}`)
    const schema = z.looseObject({ reset_password_confirmation_token: z.string() })
    return read(schema, opened).reset_password_confirmation_token
  },
}

async function resetLink(ana: Person): Promise<string> {
  await call('POST', '/api/auth/request-password-reset-email', { json: { email: ana.email } })
  return linkToken(ana.email, 'reset-password')
}

/** Every place that accepts a token: the kinds that it accepts, and how to send one. */
const endpoints: Record<string, { takes: string[]; offer(token: string): Promise<{ status: number }> }> = {
  'a route behind the guard': {
    takes: ['access token', 'app password'],
    offer: (token) => call('GET', '/api/users/me', { token }),
  },
  'refreshing, by the body': {
    takes: ['refresh token'],
    offer: (refresh_token) => call('POST', '/api/auth/refresh', { json: { refresh_token } }),
  },
  'refreshing, as a bearer': {
    takes: ['refresh token'],
    offer: (token) => call('POST', '/api/auth/refresh', { token, json: {} }),
  },
  'refreshing, by the older path': {
    takes: ['refresh token'],
    offer: (token) => call('GET', '/api/auth/refresh_token', { token }),
  },
  'confirming an address': {
    takes: ['link that confirms an address', 'link that changes an address'],
    offer: (token) => call('POST', '/api/auth/confirm-email', { json: { token } }),
  },
  'confirming an address, by an older path': {
    takes: ['link that confirms an address', 'link that changes an address'],
    offer: (token) => call('GET', `/api/auth/confirmed_email/${token}`),
  },
  'confirming an address, on the page': {
    takes: ['link that confirms an address', 'link that changes an address'],
    offer: (token) => call('POST', `/confirm-email/${token}`),
  },
  'opening a link to a new password': {
    takes: ['link to a new password'],
    offer: (token) => call('GET', `/api/auth/reset-password/${token}`),
  },
  'choosing a new password': {
    takes: ['confirmation of a reset'],
    offer: (token) =>
      call('PATCH', `/api/auth/reset-password-confirmation/${token}`, { json: { password: 'chosen by a stranger' } }),
  },
  'a calendar': {
    takes: ['app password for a calendar'],
    offer: (token) => call('GET', `/feeds/birthdays/${token}.ics`),
  },
  'ending letters, on the page': {
    takes: ['link that ends letters'],
    offer: (token) => call('POST', `/unsubscribe/${token}`),
  },
  'choosing a new password, on the page': {
    takes: ['link to a new password'],
    offer: (token) => call('POST', `/reset-password/${token}`, { form: { password: 'chosen by a stranger' } }),
  },
}

/** One of each kind, of a person of its own, for the endpoints that refuse it: a refusal uses no token up. */
const refusedOnes = new Map<string, Promise<string>>()

function refusedOne(kind: string, come: (ana: Person) => Promise<string>): Promise<string> {
  const token = refusedOnes.get(kind) ?? signedUp('ana').then(come)
  refusedOnes.set(kind, token)
  return token
}

describe('a token', () => {
  for (const [endpoint, { takes, offer }] of Object.entries(endpoints)) {
    it(`is accepted by ${endpoint} only if it is: ${takes.join(', ')}`, async () => {
      for (const [kind, come] of Object.entries(kinds)) {
        const isTaken = takes.includes(kind)
        const { status } = await offer(isTaken ? await come(await signedUp('ana')) : await refusedOne(kind, come))
        if (isTaken) expect(status, kind).toBe(200)
        else expect([401, 403, 404, 422], `${kind} was answered by ${status}`).toContain(status)
      }
    })
  }

  it('is not used up by the endpoints that refuse it', async () => {
    for (const [kind, come] of Object.entries(kinds)) {
      const takers = Object.values(endpoints).filter(({ takes }) => takes.includes(kind))
      const { status } = (await takers.at(0)?.offer(await refusedOne(kind, come))) ?? {}
      expect(status, kind).toBe(200)
    }
  })
})
