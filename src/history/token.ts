import { Buffer } from 'node:buffer'
import { z } from 'zod'
import { invalidValues, Problem } from '../platform/http/problem.ts'

/** A position in the order in which all contacts are read: by change number, and for contacts without one by time. */
export interface Place {
  readonly seq: number
  readonly updated_at: string
  readonly id: number
}

/** The position of a client: after a change number, or within the pages of all contacts. */
export interface Since {
  /**
   * The change number up to which the client has read. While it reads all contacts: the newest number at its first
   * page.
   */
  readonly number: number
  /** The last contact of the previous page; null after the client has read all contacts. */
  readonly after: Place | null
}

const number = z.int().min(0)
const tokenSchema = z.union([
  z.tuple([number, number]),
  z.tuple([number, number, number, z.string().refine((text) => text.isWellFormed()), number]),
])

/** Encodes a token, which is opaque to clients. `epoch` is CHANGES_EPOCH. */
export function writeToken(epoch: number, { number, after }: Since): string {
  const place = after ? [after.seq, after.updated_at, after.id] : []
  return Buffer.from(JSON.stringify([epoch, number, ...place])).toString('base64url')
}

/**
 * Decodes a token.
 * @throws Problem 422 if it is invalid; 410 `changes-restart` if it is from another epoch
 */
export function readToken(text: string, epoch: number): Since {
  const { success, data } = tokenSchema.safeParse(parsed(text))
  if (!success) {
    const detail =
      'This is not the next of an earlier response. Send that unchanged, or leave since out to read everything.'
    throw invalidValues([{ pointer: 'query/since', detail }])
  }
  const [from, last, seq, updated_at = '', id = 0] = data
  if (from !== epoch) throw restart()
  return { number: last, after: seq === undefined ? null : { seq, updated_at, id } }
}

/**
 * Makes the 410 for a token from before the database was restored: changes that the client has read may be missing from
 * the backup.
 */
export const restart = (): Problem =>
  new Problem(
    410,
    'changes-restart',
    'The database was restored from a backup since your last request. Leave since out, and read everything again.',
  )

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return null
  }
}
