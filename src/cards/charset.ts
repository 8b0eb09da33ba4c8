/** A text from octets in a charset; undefined where they are not in it, or where it is none that the runtime knows. */
export function decodeAs(octets: Uint8Array, charset: string): string | undefined {
  try {
    return decoderOf(charset).decode(octets)
  } catch {
    return undefined
  }
}

const decoders = new Map<string, TextDecoder>()
const maxDecoders = 50

/** A decoder, made once: a value may have ten thousand runs to decode. Throws for a charset that is none. */
function decoderOf(charset: string): TextDecoder {
  const before = decoders.get(charset)
  if (before) return before
  const decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: false })
  if (decoders.size < maxDecoders) decoders.set(charset, decoder)
  return decoder
}

/** Of octets beyond ASCII, which of windows-1251, koi8-u and windows-1252 they are most likely in. */
export function guessCharset(octets: Uint8Array): string {
  let [high, pairs, upperHalf] = [0, 0, 0]
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] ?? 0
    if (octet < 0x80) continue
    high++
    if (octet >= 0xc0 && (octets[at + 1] ?? 0) >= 0xa0) pairs++
    if (octet >= 0xe0) upperHalf++
  }
  // In Cyrillic, letters beyond ASCII stand side by side; in Western languages, between letters of ASCII.
  if (pairs * 2 < high) return 'windows-1252'
  // Most letters are small ones: E0–FF in windows-1251, C0–DF in koi8-u.
  return upperHalf * 2 >= high ? 'windows-1251' : 'koi8-u'
}

/**
 * A text from octets: in the charset that is named, else UTF-8, else the likeliest of windows-1251, koi8-u and
 * windows-1252. Never throws: what is in no charset becomes U+FFFD.
 */
export function decodeOctets(octets: Uint8Array, charset?: string): string {
  return (
    (charset === undefined ? undefined : decodeAs(octets, charset)) ??
    decodeAs(octets, 'utf-8') ??
    decodeAs(octets, guessCharset(octets)) ??
    new TextDecoder().decode(octets)
  )
}
