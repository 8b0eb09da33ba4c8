import type { Break } from './breaks.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** A text in UTF-8. */
export const bytesOf = (text: string): Bytes => new Uint8Array(new TextEncoder().encode(text))

/** A body with damaged bytes, in one way and place. */
export function damaged(
  { how, at }: Extract<Break, { what: 'bytes' }>,
  body: Bytes | null,
  headers: Headers,
): Bytes | null {
  if (body === null) return null
  const place = body.length === 0 ? 0 : at % body.length
  switch (how) {
    case 'none':
      headers.delete('Content-Type')
      return null
    case 'empty':
      return new Uint8Array()
    case 'cut short':
      return body.slice(0, place)
    case 'followed by more':
      return joined(body, bytesOf('}, {"x": 1}'))
    case 'not UTF-8':
      return joined(body.slice(0, place), Uint8Array.of(0xff, 0xc3, 0x28), body.slice(place))
    case 'UTF-16':
      return new Uint8Array(Uint16Array.from(new TextDecoder().decode(body), (letter) => letter.charCodeAt(0)).buffer)
    case 'with a mark of byte order':
      return joined(Uint8Array.of(0xef, 0xbb, 0xbf), body)
    case 'nested deeply':
      return bytesOf(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)
    case 'with one byte changed':
      return joined(body.slice(0, place), Uint8Array.of((body[place] ?? 0) ^ (1 << (at % 7))), body.slice(place + 1))
    case 'too large':
      return joined(bytesOf(' '.repeat(1_000_001)), body)
  }
}

function joined(...parts: Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
