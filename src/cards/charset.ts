/** Decodes octets in a charset; undefined if they are invalid, or the runtime does not support the charset. */
export function decodeAs(octets: Uint8Array, charset: string): string | undefined {
  try {
    return decoderOf(charset).decode(octets)
  } catch {
    return undefined
  }
}

const decoders = new Map<string, TextDecoder>()
const maxDecoders = 50

/** Returns a cached decoder: a value may have ten thousand parts to decode. @throws RangeError if unsupported */
function decoderOf(charset: string): TextDecoder {
  const before = decoders.get(charset)
  if (before) return before
  const decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: false })
  if (decoders.size < maxDecoders) decoders.set(charset, decoder)
  return decoder
}

/** Guesses the charset of octets that are not ASCII: windows-1251, koi8-u or windows-1252. */
export function guessCharset(octets: Uint8Array): string {
  let [high, pairs, upperHalf] = [0, 0, 0]
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] ?? 0
    if (octet < 0x80) continue
    high++
    if (octet >= 0xc0 && (octets[at + 1] ?? 0) >= 0xa0) pairs++
    if (octet >= 0xe0) upperHalf++
  }
  // In Cyrillic text, letters beyond ASCII follow one another; in Western languages, they follow ASCII letters.
  if (pairs * 2 < high) return 'windows-1252'
  // Most letters are lowercase: E0–FF in windows-1251, C0–DF in koi8-u.
  return upperHalf * 2 >= high ? 'windows-1251' : 'koi8-u'
}

/**
 * Decodes octets by the named charset, else UTF-8, else the most likely of windows-1251, koi8-u and windows-1252. Never
 * throws: invalid octets become U+FFFD.
 */
export function decodeOctets(octets: Uint8Array, charset?: string): string {
  return (
    (charset === undefined ? undefined : decodeAs(octets, charset)) ??
    decodeAs(octets, 'utf-8') ??
    decodeAs(octets, guessCharset(octets)) ??
    new TextDecoder().decode(octets)
  )
}
