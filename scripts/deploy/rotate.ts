import { CommandError } from '../command.ts'
import type { Ask } from './ask.ts'
import {
  asFile,
  checkConfiguration,
  forgetKey,
  keep,
  keptFile,
  newKey,
  readStoredKey,
  type Secrets,
} from './secrets.ts'
import type { Settings } from './settings.ts'
import { wrangler } from './wrangler.ts'

/**
 * Gives the Worker another `SECRET_KEY`, in one request. `rotate`: what the one before signed is accepted on. `new`: it
 * is not, and everybody has to log in again. Says in a sentence what it did.
 * @throws CommandError when there is no key yet, or the one before has to be known and is not
 */
export async function changeKey(
  how: 'rotate' | 'new',
  { environment, vars }: Settings,
  input: Secrets,
  existing: readonly string[],
  accountId: string,
  ask: Ask | undefined,
): Promise<string> {
  if (!existing.includes('SECRET_KEY')) {
    throw new CommandError('There is no SECRET_KEY to change yet: npm run deploy makes one.')
  }
  const here = readStoredKey(environment)
  const before =
    how === 'new'
      ? undefined
      : (input.SECRET_KEY_PREVIOUS ?? here.SECRET_KEY ?? (await ask?.secret('The key in use (not shown):')))
  if (how === 'rotate' && !before) {
    throw new CommandError(
      `The key in use is not in ${keptFile(environment)}, and Cloudflare never tells it. If you have it:\n` +
        '  SECRET_KEY_PREVIOUS=… npm run deploy -- --rotate-key\n' +
        'If not, everybody has to log in again:\n' +
        '  npm run deploy -- --new-key',
    )
  }
  // One that is kept may have arrived before a run broke off: the same again is right either way.
  const key = input.SECRET_KEY ?? here.next ?? newKey()
  if (key === before) throw new CommandError('SECRET_KEY is the key in use: leave it away, and one is made.')
  checkConfiguration(
    environment,
    vars,
    { SECRET_KEY: key, ...(before ? { SECRET_KEY_PREVIOUS: before } : {}) },
    existing,
  )
  // Both at once, so that no moment knows one without the other. Null takes one away.
  const forget = existing.includes('SECRET_KEY_PREVIOUS') ? { SECRET_KEY_PREVIOUS: null } : {}
  const secrets = { SECRET_KEY: key, ...(before ? { SECRET_KEY_PREVIOUS: before } : forget) }
  if (!input.SECRET_KEY) keep(environment, { ...here, next: key })
  await asFile(secrets, (file) => wrangler(['secret', 'bulk', file, '--env', environment], accountId))
  if (input.SECRET_KEY) forgetKey(environment)
  else keep(environment, { SECRET_KEY: key })
  const reported = input.SECRET_KEY
    ? 'Keep the new key safe: the next change needs it.'
    : `The new key is in ${keptFile(environment)}: keep it safe, the next change needs it.`
  if (!before) return `changed; everybody has to log in again\n  ${reported}`
  return (
    `changed; sessions go on, signed anew as they are refreshed\n  ${reported}\n` +
    `  In a week (REFRESH_TOKEN_TTL), take the old one away: npx wrangler secret delete SECRET_KEY_PREVIOUS --env ${environment}`
  )
}
