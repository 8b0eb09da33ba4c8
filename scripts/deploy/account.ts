import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { CommandError } from '../command.ts'
import type { Ask } from './ask.ts'
import { type Cloudflare, type Credentials, cloudflare, RefusedError } from './cloudflare.ts'
import { commandOf, WranglerError, wrangler, wranglerPath } from './wrangler.ts'

/** What tells which credentials wrangler uses, where the environment names none. */
export const tokenCommand = ['auth', 'token', '--json']

const credentials = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['api_token', 'oauth']), token: z.string() }),
  z.object({ type: z.literal('api_key'), key: z.string(), email: z.string() }),
])

const loggedOut = (command: string) => `Nobody is logged in to Cloudflare.
On your own machine: npx wrangler login, which opens the browser, then this command again.
Elsewhere: make a token on https://dash.cloudflare.com/profile/api-tokens ("Edit Cloudflare Workers", and D1: Edit added to it), and
  CLOUDFLARE_API_TOKEN=… ${command}
An account is free: https://dash.cloudflare.com/sign-up`

/**
 * Cloudflare, as whoever is logged in; a person at the terminal may log in now. `command` is what has to be run again
 * after logging in.
 * @throws CommandError with how to log in, when nobody is
 */
export async function signIn(ask: Ask | undefined, command = 'npm run deploy'): Promise<Cloudflare> {
  const token = process.env.CLOUDFLARE_API_TOKEN
  if (token) return cloudflare({ type: 'api_token', token })
  const existing = await storedCredentials()
  if (existing) return cloudflare(existing)
  if (!ask || !(await ask.sure('Nobody is logged in to Cloudflare. Log in now, in the browser?'))) {
    throw new CommandError(loggedOut(command))
  }
  const login = spawn(process.execPath, [wranglerPath, 'login'], { stdio: 'inherit' })
  await once(login, 'close')
  const fresh = await storedCredentials()
  if (!fresh) throw new CommandError(loggedOut(command))
  return cloudflare(fresh)
}

/** The credentials that wrangler keeps, renewed where they have to be; undefined where there are none. */
async function storedCredentials(): Promise<Credentials | undefined> {
  try {
    const { output } = await wrangler(tokenCommand)
    return credentials.parse(JSON.parse(output))
  } catch (error) {
    if (error instanceof WranglerError) return undefined
    throw new CommandError(`${commandOf(tokenCommand)} answered what this cannot read.`)
  }
}

/** An account at Cloudflare: its own part of the API. `isChosen`: one of several, whose id is worth remembering. */
export type CloudflareAccount = Cloudflare & { readonly id: string; readonly name: string; readonly isChosen: boolean }

/**
 * The account that is deployed to: the one that is named, or the only one that there is, or the one that the person
 * chooses.
 * @throws CommandError when none can be used, or several could be and nobody can be asked
 */
export async function accountOf(
  api: Cloudflare,
  id: string | undefined,
  ask: Ask | undefined,
  command = 'npm run deploy',
): Promise<CloudflareAccount> {
  const accountAt = (one: { id: string; name: string }, isChosen = false): CloudflareAccount => ({
    ...{ ...cloudflare(api.who, `/accounts/${one.id}`), ...one, isChosen },
  })
  if (id !== undefined) return accountAt({ id, name: `account ${id}` })
  const accounts = await api.list('/accounts', z.object({ id: z.string(), name: z.string() }))
  const [only, ...others] = accounts
  if (!only)
    throw new CommandError('Cloudflare shows no account to this token. It needs Account Settings (read) of yours.')
  if (others.length === 0) return accountAt(only)
  const lines = accounts.map(({ id, name }, n) => `  ${n + 1}. ${name} (${id})`).join('\n')
  if (!ask) {
    throw new CommandError(`There are several accounts. Choose one: CLOUDFLARE_ACCOUNT_ID=… ${command}\n${lines}`)
  }
  const number = Number(await ask(`Which account?\n${lines}\nIts number:`, '1'))
  const account = accounts[number - 1]
  if (!account) throw new CommandError(`There is no account ${number}.`)
  return accountAt(account, true)
}

const noSubdomain = 10007
const taken = 10031
const subdomainForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The account's own part of `*.workers.dev`. An account that is new has none, and no Worker with Durable Objects can be
 * without: it is registered, by the name given or the person's choice.
 * @throws CommandError when it has to be registered and cannot be
 */
export async function subdomainOf(
  { id, name, get, send }: CloudflareAccount,
  wanted: string | undefined,
  ask: Ask | undefined,
): Promise<string> {
  const path = '/workers/subdomain'
  const shape = z.object({ subdomain: z.string() })
  try {
    return (await get(path, shape)).subdomain
  } catch (error) {
    if (!(error instanceof RefusedError && error.code === noSubdomain)) throw error
  }
  const suggested = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  const chosen =
    wanted ?? (await ask?.('The account has no subdomain of workers.dev yet. Which shall it be?', suggested))
  if (!chosen) {
    throw new CommandError(
      `The account has no subdomain of workers.dev yet, and needs one. Choose it: npm run deploy -- --subdomain NAME\n` +
        `Or open https://dash.cloudflare.com/${id}/workers/onboarding once.`,
    )
  }
  if (!subdomainForm.test(chosen)) {
    throw new CommandError(`"${chosen}" cannot be a subdomain: letters a to z, digits and hyphens, at most 63.`)
  }
  try {
    return (await send('PUT', path, { subdomain: chosen }, shape)).subdomain
  } catch (error) {
    if (!(error instanceof RefusedError && error.code === taken)) throw error
    throw new CommandError(
      `${chosen}.workers.dev belongs to somebody else. Choose another: npm run deploy -- --subdomain NAME`,
    )
  }
}
