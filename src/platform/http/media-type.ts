import { isTypeValid, parse } from 'content-type'

/** A media type, in lower case, with its parameters, whose names are in lower case. */
export interface MediaType {
  readonly type: string
  readonly parameters: Readonly<Partial<Record<string, string>>>
}

/**
 * Reads a Content-Type (RFC 9110, section 8.3.1): parameters in any order, in quotes or without, blanks around each
 * `;`, and nothing after the last one. Undefined where there is no media type in it.
 */
export function parseMediaType(header: string | undefined): MediaType | undefined {
  const media = parse(header ?? '')
  return isTypeValid(media.type) ? media : undefined
}
