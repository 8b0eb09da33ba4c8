import { randomBytes } from 'node:crypto'
import PostalMime, { type Address } from 'postal-mime'
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server'

/** A sender or a recipient. */
export interface Person {
  readonly Name: string
  readonly Address: string
}

/** A stored letter, with the names of Mailpit's API, so that one client can read both. */
export type Received = Awaited<ReturnType<typeof receive>>

/** Reads a letter from an SMTP session. @throws Error with an SMTP code if it is too large */
export async function receive(stream: SMTPServerDataStream, session: SMTPServerSession) {
  const raw = Buffer.concat(await stream.toArray())
  if (stream.sizeExceeded) throw Object.assign(new Error('This letter is too large.'), { responseCode: 552 })
  const email = await PostalMime.parse(raw)
  const now = new Date().toISOString()
  const sent = new Date(email.date ?? now)
  const [to, cc, bcc] = [people(email.to), people(email.cc), people(email.bcc)]
  const inHeaders = new Set([...to, ...cc, ...bcc].map((person) => person.Address.toLowerCase()))
  const blind = session.envelope.rcptTo.filter(({ address }) => !inHeaders.has(address.toLowerCase()))
  const returnPath = session.envelope.mailFrom ? session.envelope.mailFrom.address : ''
  return {
    ID: randomBytes(16).toString('base64url'),
    MessageID: bareId(email.messageId),
    Read: false,
    From: people(email.from && [email.from])[0] ?? { Name: '', Address: returnPath },
    ...{ To: to, Cc: cc },
    Bcc: [...bcc, ...blind.map(({ address }) => ({ Name: '', Address: address }))],
    ReplyTo: people(email.replyTo),
    ReturnPath: returnPath,
    Subject: email.subject ?? '',
    Created: now,
    Date: Number.isNaN(sent.getTime()) ? now : sent.toISOString(),
    Size: raw.length,
    Text: email.text ?? '',
    HTML: email.html ?? '',
    // The service's letters have no attachments.
    ...{ Inline: [], Attachments: [] },
    headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
  }
}

const people = (addresses: readonly Address[] = []): Person[] =>
  addresses.flatMap((one) => (one.group ? people(one.group) : [{ Name: one.name, Address: one.address }]))

const bareId = (id = ''): string => id.replace(/^<|>$/g, '')
