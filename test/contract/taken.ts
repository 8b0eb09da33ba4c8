import { type ApiDocument, resolved, type Schema } from '../document.ts'

/** A value as the service takes it before it judges it, by what the document says (`x-normalized`): pasted marks and blanks
 * dropped, NFC, LF. */
export function asTaken(document: ApiDocument, schema: Schema, value: unknown): unknown {
  const whole = resolved(document, schema)
  if (typeof value === 'string') return takenText(whole, value)
  if (typeof value !== 'object' || value === null) return value
  const { items } = whole
  if (Array.isArray(value)) return items ? value.map((one) => asTaken(document, items as Schema, one)) : value
  if (!whole.properties) return value
  const properties = whole.properties as Record<string, Schema>
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined
      return [name, own ? asTaken(document, own, part) : part]
    }),
  )
}

function takenText(schema: Schema, text: string): string {
  const said = typeof schema['x-normalized'] === 'string' ? schema['x-normalized'].split(' ') : []
  const cleaned = said.includes('paste') ? withoutPaste(text) : text
  const trimmed = said.includes('trim') ? cleaned.trim() : cleaned
  const composed = said.includes('nfc') ? trimmed.normalize('NFC') : trimmed
  return said.includes('lf') ? composed.replaceAll('\r\n', '\n') : composed
}

const withoutPaste = (text: string): string =>
  [...text]
    .filter((sign) => !/[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/.test(sign))
    .map((sign) => (/[\u00a0\u2007\u202f]/.test(sign) ? ' ' : /[\u2010-\u2015\u2212]/.test(sign) ? '-' : sign))
    .map((sign) => (/[０-９]/.test(sign) ? sign.normalize('NFKC') : sign))
    .join('')
