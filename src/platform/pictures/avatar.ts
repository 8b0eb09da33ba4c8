import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Configuration } from '../config/configuration.ts'
import { deliveryUrl } from './delivery.ts'
import { initialsPath } from './initials.ts'
import { parseReference } from './reference.ts'

/** The fields of a user or contact that its picture depends on. */
export interface Pictured {
  readonly id: number
  readonly name: string
  readonly email: string | null
  /** The reference to the uploaded picture. */
  readonly avatar: string | null
}

/**
 * Returns the URL of a picture: the uploaded one; else Gravatar's for the e-mail, if `GRAVATAR` is on; else the
 * initials. No I/O.
 */
export function avatarUrl({ id, name, email, avatar }: Pictured, config: Configuration): string {
  const reference = avatar === null ? undefined : parseReference(avatar)
  if (reference?.store === 'kv') return `${config.PUBLIC_URL}/avatars/${reference.key}`
  if (reference?.store === 'cloudinary') {
    return deliveryUrl(config, reference, 'w_250,h_250,f_auto')
  }
  if (config.GRAVATAR && email !== null) {
    // "Mystery person" for an e-mail that Gravatar does not know: a URL of ours would tell Gravatar in whose book the
    // person is.
    return `https://gravatar.com/avatar/${bytesToHex(sha256(utf8ToBytes(email.trim().toLowerCase())))}?s=250&d=mp`
  }
  return config.PUBLIC_URL + initialsPath(name, id)
}
