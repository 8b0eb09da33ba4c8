import { Buffer } from 'node:buffer'
import { z } from 'zod'
import { invalidValues, Problem } from '../platform/http/problem.ts'

/** A place in the order of a whole book: contacts by their change number, and those that have none by their time. */
export interface Place {
  readonly seq: number
  readonly updated_at: string
  readonly id: number
}

/** From where on a client asks for changes: all after a number; or the rest of a book that it is still reading. */
export interface Since {
  /** The owner's change number up to which the client knows all; while it reads a book, at its first page. */
  readonly number: number
  /** The last contact of the page before; null where the client has read the whole book. */
  readonly after: Place | null
}

const number = z.int().min(0)
const tokenSchema = z.union([
  z.tuple([number, number]),
  z.tuple([number, number, number, z.string().refine((text) => text.isWellFormed()), number]),
])

/** A token as it travels: opaque to clients. `epoch` is that of the database. */
export function writeToken(epoch: number, { number, after }: Since): string {
  const place = after ? [after.seq, after.updated_at, after.id] : []
  return Buffer.from(JSON.stringify([epoch, number, ...place])).toString('base64url')
}

/**
 * Reads a token.
 * @throws Problem 422 where it is none of ours; 410 `changes-restart` where it is from another epoch
 */
export function readToken(text: string, epoch: number): Since {
  const { success, data } = tokenSchema.safeParse(parsed(text))
  if (!success) {
    const detail = 'This is not what an answer said as next. Send that as it is, or leave since out to read all.'
    throw invalidValues([{ pointer: 'query/since', detail }])
  }
  const [from, last, seq, updated_at = '', id = 0] = data
  if (from !== epoch) throw restart()
  return { number: last, after: seq === undefined ? null : { seq, updated_at, id } }
}

/** 410 for a token from before the database was restored: what it stands for may never have happened. */
export const restart = (): Problem =>
  new Problem(
    410,
    'changes-restart',
    'The book was restored from a backup since you last asked. Leave since out, and read all of it anew.',
  )

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return null
  }
}
