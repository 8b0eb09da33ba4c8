import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Configuration } from '../config/configuration.ts'
import { deliveryUrl } from './delivery.ts'
import { initialsPath } from './initials.ts'
import { parseReference } from './reference.ts'

/** As much of somebody as their picture depends on. */
export interface Pictured {
  readonly id: number
  readonly name: string
  readonly email: string | null
  /** What the row keeps of the picture they were given. */
  readonly avatar: string | null
}

/**
 * Where somebody's picture is: the one they were given; else Gravatar's for their e-mail, where `GRAVATAR` says so;
 * else their initials. Asks nothing.
 */
export function avatarUrl({ id, name, email, avatar }: Pictured, config: Configuration): string {
  const reference = avatar === null ? undefined : parseReference(avatar)
  if (reference?.store === 'kv') return `${config.PUBLIC_URL}/avatars/${reference.key}`
  if (reference?.store === 'cloudinary') {
    return deliveryUrl(config, reference, 'w_250,h_250,f_auto')
  }
  if (config.GRAVATAR && email !== null) {
    // "Mystery person" for whom it does not know: our own address would tell Gravatar whose book this is.
    return `https://gravatar.com/avatar/${bytesToHex(sha256(utf8ToBytes(email.trim().toLowerCase())))}?s=250&d=mp`
  }
  return config.PUBLIC_URL + initialsPath(name, id)
}
