import { truncate } from '../../src/platform/text/truncate.ts'
import type { Person, Received } from './letters.ts'

const snippetCharacters = 250 // as Mailpit has it

/** The IDs a DELETE names: all, where its body is empty, as Mailpit has it. Anything else deletes nothing. */
export function chosen(body: string): string[] | 'all' | undefined {
  if (body.trim() === '') return 'all'
  try {
    const { IDs: ids = [] }: { IDs?: unknown } = JSON.parse(body)
    if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) return undefined
    return ids.length === 0 ? 'all' : ids
  } catch {
    return undefined
  }
}

/** A page of what was found, as Mailpit lists it. */
export function summaries(all: readonly Received[], found: readonly Received[], query: URLSearchParams) {
  const number = (name: string, otherwise: number) => {
    const value = Number(query.get(name) ?? otherwise)
    return Number.isSafeInteger(value) && value >= 0 ? value : otherwise
  }
  const start = number('start', 0)
  const messages = found.slice(start, start + number('limit', 50)).map(summary)
  return {
    total: all.length,
    unread: all.filter((letter) => !letter.Read).length,
    count: messages.length,
    messages_count: found.length,
    start,
    tags: [],
    messages,
  }
}

function summary(letter: Received) {
  const text = letter.Text || letter.HTML.replace(/<[^>]*>/g, ' ')
  return {
    ID: letter.ID,
    MessageID: letter.MessageID,
    Read: letter.Read,
    From: letter.From,
    To: letter.To,
    Cc: letter.Cc,
    Bcc: letter.Bcc,
    ReplyTo: letter.ReplyTo,
    Subject: letter.Subject,
    Created: letter.Created,
    Tags: [],
    Size: letter.Size,
    Attachments: letter.Attachments.length,
    Snippet: truncate(text.replace(/\s+/g, ' ').trim(), snippetCharacters),
  }
}

/** A letter, as Mailpit shows it. */
export function detail(letter: Received) {
  return {
    ID: letter.ID,
    MessageID: letter.MessageID,
    From: letter.From,
    To: letter.To,
    Cc: letter.Cc,
    Bcc: letter.Bcc,
    ReplyTo: letter.ReplyTo,
    ReturnPath: letter.ReturnPath,
    Subject: letter.Subject,
    Date: letter.Date,
    Tags: [],
    Text: letter.Text,
    HTML: letter.HTML,
    Size: letter.Size,
    Inline: letter.Inline,
    Attachments: letter.Attachments,
  }
}

/**
 * Words that must all be found, whatever their case: `to:`, `from:` and `subject:` look there, a bare word everywhere.
 */
export function search(all: readonly Received[], query: string): readonly Received[] {
  const named = (persons: readonly Person[]) => persons.map(({ Name, Address }) => `${Name} ${Address}`).join(' ')
  const places: Record<string, (letter: Received) => string> = {
    to: (letter) => named(letter.To),
    from: (letter) => named([letter.From]),
    subject: (letter) => letter.Subject,
    '': (letter) =>
      [named([letter.From, ...letter.To, ...letter.Cc, ...letter.Bcc]), letter.Subject, letter.Text].join(' '),
  }
  const terms = [...query.matchAll(/(?:(to|from|subject):)?(?:"([^"]*)"|(\S+))/gi)].map(
    ([, place = '', quoted, word]) => {
      return { look: places[place.toLowerCase()], word: (quoted ?? word ?? '').toLowerCase() }
    },
  )
  return all.filter((letter) => terms.every(({ look, word }) => look?.(letter).toLowerCase().includes(word)))
}
