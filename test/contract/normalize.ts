import { asciiDigits } from '../../src/platform/text/fold.ts'
import { cleanName } from '../../src/platform/text/names.ts'
import { cleanPasted } from '../../src/platform/text/paste.ts'
import { type ApiDocument, resolved, type Schema } from '../document.ts'

/**
 * Normalizes a value as the service does before it validates, by what the document says (`x-normalized`), step by step.
 */
export function normalizeAsDocumented(document: ApiDocument, schema: Schema, value: unknown): unknown {
  const whole = resolved(document, schema)
  if (typeof value === 'string') return takenText(whole, value)
  if (typeof value !== 'object' || value === null) return value
  const { items } = whole
  if (Array.isArray(value))
    return items ? value.map((one) => normalizeAsDocumented(document, items as Schema, one)) : value
  if (!whole.properties) return value
  const properties = whole.properties as Record<string, Schema>
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined
      return [name, own ? normalizeAsDocumented(document, own, part) : part]
    }),
  )
}

/** The steps that the document may name. */
const steps: Readonly<Record<string, (text: string) => string>> = {
  trim: (text) => text.trim(),
  nfc: (text) => text.normalize('NFC'),
  nfkc: (text) => text.normalize('NFKC'),
  lf: (text) => text.replaceAll('\r\n', '\n'),
  paste: cleanPasted,
  name: cleanName,
  digits: asciiDigits,
}

function takenText(schema: Schema, text: string): string {
  const named = typeof schema['x-normalized'] === 'string' ? schema['x-normalized'].split(' ') : []
  return named.reduce((taken, step) => steps[step]?.(taken) ?? taken, text)
}
