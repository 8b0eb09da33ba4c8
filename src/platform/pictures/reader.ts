/**
 * Limits the segments, chunks, blocks and frames in a file. A real picture of five megabytes has thousands; one made of
 * empty parts has millions, and each costs time and memory.
 */
const maxParts = 100_000

/** The result of reading a picture: the largest size that anything in it states, and the pieces to keep, in order. */
export interface ScanResult {
  width: number
  height: number
  readonly segments: Uint8Array[]
}

export const scanResult = (): ScanResult => ({ width: 0, height: 0, segments: [] })

/**
 * Keeps a piece of the file. A piece that follows directly on the previous one is joined to it, so that there are few.
 */
export function keepPiece(seen: ScanResult, piece: Uint8Array): void {
  const last = seen.segments.at(-1)
  if (last && last.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset) {
    seen.segments[seen.segments.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + piece.length)
  } else {
    seen.segments.push(piece)
  }
}

// A header may state a small size, and a frame in it a large one. A decoder may allocate for the larger.
export function recordSize(seen: ScanResult, width: number, height: number): void {
  seen.width = Math.max(seen.width, width)
  seen.height = Math.max(seen.height, height)
}

export class Unreadable extends Error {}

/** Reads a file from a position on, and never past its end. */
export class Reader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  /** The reader of the whole file, if this one reads a part. */
  readonly whole: Reader
  #parts = 0
  at = 0

  constructor(bytes: Uint8Array, whole?: Reader) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.whole = whole ?? this
  }

  /** Counts one more part of the file. */
  part(): void {
    this.whole.#parts += 1
    assertFormat(this.whole.#parts <= maxParts)
  }

  /** Skips bytes. */
  skip(length: number): void {
    this.#step(length)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  #step(length: number): number {
    if (length > this.left) throw new Unreadable()
    const before = this.at
    this.at += length
    return before
  }

  byte = (): number => this.#view.getUint8(this.#step(1))
  short = (little = false): number => this.#view.getUint16(this.#step(2), little)
  long = (little = false): number => this.#view.getUint32(this.#step(4), little)
  take(length: number): Uint8Array {
    const from = this.#step(length)
    return this.bytes.subarray(from, from + length)
  }
  text = (length: number): string => textAt(this.take(length), 0, length)
}

export const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length))

export const assertFormat = (holds: boolean): void => {
  if (!holds) throw new Unreadable()
}
