import { randomBytes } from 'node:crypto'
import PostalMime, { type Address } from 'postal-mime'
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server'

/** Somebody who writes or is written to. */
export interface Person {
  readonly Name: string
  readonly Address: string
}

/** A letter as it is kept. Names are those of Mailpit's API, so that one client reads both. */
export type Received = Awaited<ReturnType<typeof receive>>

/** Reads a letter as it comes. */
export async function receive(stream: SMTPServerDataStream, session: SMTPServerSession) {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  if (stream.sizeExceeded) throw Object.assign(new Error('This letter is too large.'), { responseCode: 552 })
  const raw = Buffer.concat(chunks)
  const email = await PostalMime.parse(raw)
  const now = new Date().toISOString()
  const sent = new Date(email.date ?? now)
  const [to, cc, bcc] = [people(email.to), people(email.cc), people(email.bcc)]
  const named = new Set([...to, ...cc, ...bcc].map((person) => person.Address.toLowerCase()))
  const unnamed = session.envelope.rcptTo.filter(({ address }) => !named.has(address.toLowerCase()))
  const returnPath = session.envelope.mailFrom ? session.envelope.mailFrom.address : ''
  const attachments = email.attachments.map((part, n) => ({
    inline: part.disposition === 'inline' || part.related === true,
    PartID: String(n + 1),
    FileName: part.filename ?? '',
    ContentType: part.mimeType,
    ContentID: bare(part.contentId ?? ''),
    Size: typeof part.content === 'string' ? part.content.length : part.content.byteLength,
  }))
  return {
    ID: randomBytes(16).toString('base64url'),
    MessageID: bare(email.messageId ?? ''),
    Read: false,
    From: people(email.from && [email.from])[0] ?? { Name: '', Address: returnPath },
    To: to,
    Cc: cc,
    Bcc: [...bcc, ...unnamed.map(({ address }) => ({ Name: '', Address: address }))],
    ReplyTo: people(email.replyTo),
    ReturnPath: returnPath,
    Subject: email.subject ?? '',
    Created: now,
    Date: Number.isNaN(sent.getTime()) ? now : sent.toISOString(),
    Size: raw.length,
    Text: email.text ?? '',
    HTML: email.html ?? '',
    Inline: attachments.filter(({ inline }) => inline).map(({ inline, ...part }) => part),
    Attachments: attachments.filter(({ inline }) => !inline).map(({ inline, ...part }) => part),
    headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
  }
}

function people(addresses: readonly Address[] | undefined): Person[] {
  return (addresses ?? []).flatMap((each) => {
    return each.group ? people(each.group) : [{ Name: each.name, Address: each.address }]
  })
}

function bare(id: string): string {
  return id.replace(/^<|>$/g, '')
}
