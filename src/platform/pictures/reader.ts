/**
 * Segments, chunks, blocks and frames in a file. An honest picture of five megabytes has thousands; one made of empty
 * ones has millions, and each costs time and memory here.
 */
const maxParts = 100_000

/** What one looking through found: the largest size that anything in it claims, and the pieces that stay, in order. */
export interface ScanResult {
  width: number
  height: number
  readonly segments: Uint8Array[]
}

export const scanResult = (): ScanResult => ({ width: 0, height: 0, segments: [] })

/** Keeps a piece of the file; what follows on the one before becomes one with it, so that few are held. */
export function keep(seen: ScanResult, piece: Uint8Array): void {
  const last = seen.segments.at(-1)
  if (last && last.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset) {
    seen.segments[seen.segments.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + piece.length)
  } else {
    seen.segments.push(piece)
  }
}

// A header may say little and a frame in it much: the larger of the two is what a decoder may make room for.
export function enlarge(seen: ScanResult, width: number, height: number): void {
  seen.width = Math.max(seen.width, width)
  seen.height = Math.max(seen.height, height)
}

export class Unreadable extends Error {}

/** Reads on from where it is, and never past the end. */
export class Reader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  /** The reader of the file that this one reads a part of. */
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

  /** Passes over bytes. */
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
