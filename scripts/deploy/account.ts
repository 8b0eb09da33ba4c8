import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { CommandError } from '../command.ts'
import type { Ask } from './ask.ts'
import { type Cloudflare, cloudflare } from './cloudflare.ts'
import { RefusedError } from './remedies.ts'
import { commandOf, WranglerError, wrangler, wranglerPath } from './wrangler.ts'

/** The wrangler command that prints the token of a login. */
export const tokenCommand = ['auth', 'token', '--json']

/**
 * Finds a token for Cloudflare: that of the environment, or that of wrangler's login. A person at the terminal can log
 * in now.
 * @throws CommandError that says how to log in
 */
async function tokenFor(command: string, ask: Ask | undefined): Promise<string> {
  const existing = process.env.CLOUDFLARE_API_TOKEN || (await storedToken())
  if (existing) return existing
  if (await ask?.sure('Nobody is logged in to Cloudflare. Log in now, in the browser?')) {
    await once(spawn(process.execPath, [wranglerPath, 'login'], { stdio: 'inherit' }), 'close')
    const fresh = await storedToken()
    if (fresh) return fresh
  }
  throw new CommandError(`Nobody is logged in to Cloudflare.
On your own machine: npx wrangler login, which opens the browser, then this command again.
Elsewhere: make a token on https://dash.cloudflare.com/profile/api-tokens ("Edit Cloudflare Workers", and D1: Edit added to it), and
  CLOUDFLARE_API_TOKEN=… ${command}
An account is free: https://dash.cloudflare.com/sign-up`)
}

/** The token of wrangler's login, renewed if necessary; undefined without a login. */
async function storedToken(): Promise<string | undefined> {
  try {
    return z.object({ token: z.string() }).parse(JSON.parse((await wrangler(tokenCommand)).output)).token
  } catch (error) {
    if (error instanceof WranglerError) return undefined
    throw new CommandError(`${commandOf(tokenCommand)} answered what this cannot read.`)
  }
}

/** The part of Cloudflare's API for an account. `isChosen`: a person chose it, so its id is to be stored. */
export type CloudflareAccount = Cloudflare & { readonly id: string; readonly name: string; readonly isChosen: boolean }

/**
 * Signs in to Cloudflare and selects the account: the one with an id, or the only one, or the person's choice.
 * `command` is the one to repeat after an error.
 * @throws CommandError if nobody is logged in, there is no account, or several and nobody to ask
 */
export async function signIn(
  id: string | undefined,
  ask: Ask | undefined,
  command = 'npm run deploy',
): Promise<CloudflareAccount> {
  const token = await tokenFor(command, ask)
  const accountAt = (one: { id: string; name: string }, isChosen = false): CloudflareAccount => ({
    ...{ ...cloudflare(token, `/accounts/${one.id}`), ...one, isChosen },
  })
  if (id !== undefined) return accountAt({ id, name: `account ${id}` })
  const accounts = await cloudflare(token).list('/accounts', z.object({ id: z.string(), name: z.string() }))
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
 * Returns the account's subdomain of workers.dev. A new account has none, and cannot have a Worker with Durable Objects
 * without it: so it is registered, under `wanted` or the person's choice.
 * @throws CommandError if it cannot be registered
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
  const suggested = name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  const question = 'The account has no subdomain of workers.dev yet. Which shall it be?'
  const chosen = wanted ?? (await ask?.(question, suggested.replace(/^-|-$/g, '')))
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
