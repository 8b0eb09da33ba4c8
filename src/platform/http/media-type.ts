import { isTypeValid, parse } from 'content-type'

/** A media type in lower case with its parameters; their names are in lower case. */
export interface MediaType {
  readonly type: string
  readonly parameters: Readonly<Partial<Record<string, string>>>
}

/**
 * Parses a Content-Type (RFC 9110, section 8.3.1): parameters in any order, quoted or not, with blanks around each `;`.
 * Undefined if it has no media type.
 */
export function parseMediaType(header: string | undefined): MediaType | undefined {
  const media = parse(header ?? '')
  return isTypeValid(media.type) ? media : undefined
}
