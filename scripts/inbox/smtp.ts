import { randomBytes } from 'node:crypto'
import PostalMime, { type Address } from 'postal-mime'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { Letters, Person, Received } from './letters.ts'

const largestLetter = 10 * 1024 * 1024 // octets

/** A server that takes whatever it is sent, from anybody, and delivers it to the letters and nowhere else. */
export function smtpServer(letters: Letters): SMTPServer {
  return new SMTPServer({
    banner: 'Vizitka inbox',
    size: largestLetter,
    // Whatever a mailer is set up with works here: with a password or without, and always in clear text.
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(null, { user: 'anybody' }),
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 500, // milliseconds
    onData(stream, session, done) {
      receive(stream, session)
        .then((letter) => letters.add(letter))
        .then(
          () => done(null, 'Kept in the inbox'),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        )
    },
  })
}

async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Received> {
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
