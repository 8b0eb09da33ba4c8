import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { type Letter, MailError } from '../src/platform/mail/mailer.ts'
import { smtpMailer } from '../src/platform/mail/smtp.ts'
import type { SmtpOptions } from '../src/platform/mail/smtp-options.ts'
import type { Script, Transcript } from './hostile-smtp.ts'

const { SMTP_PORT, TEST_INBOX, TEST_HOSTILE_SMTP } = env

/** Options for the servers that run beside the tests. */
export const here = {
  host: '127.0.0.1',
  security: 'none',
  from: 'Vizitka <hello@vizitka.test>',
  timeoutSeconds: 5,
} as const
/** A letter whose text must not leak. */
export const letter: Letter = {
  to: 'ana@example.com',
  subject: 'Hello',
  text: 'Open the door: k3y',
  html: '<p>Open the door: k3y</p>',
}

/** A server that behaves as the script says; `heard` returns its clients' transcripts. */
export async function server(script: Script) {
  const started = await fetch(TEST_HOSTILE_SMTP, { method: 'POST', body: JSON.stringify(script) })
  const { port } = await started.json<{ port: number }>()
  const heard = async () => await (await fetch(`${TEST_HOSTILE_SMTP}/${port}`)).json<Transcript[]>()
  return {
    heard,
    mailer: (options: Partial<SmtpOptions> = {}) => smtpMailer({ ...here, port, ...options }),
    /** The commands of its only client, after it has disconnected. */
    commands: async () => {
      await expect.poll(heard, { timeout: 3000 }).toEqual([expect.objectContaining({ closed: true })])
      return (await heard()).flatMap(({ commands }) => commands)
    },
  }
}

/** The error that a mailer threw. */
export async function failure(sending: Promise<void>): Promise<MailError> {
  const error = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof MailError)) throw new Error(`A MailError was expected, and this came: ${String(error)}`)
  return error
}

interface Detail {
  readonly From: { readonly Name: string; readonly Address: string }
  readonly To: { readonly Address: string }[]
  readonly Cc: unknown[]
  readonly Bcc: unknown[]
  readonly Subject: string
  readonly Text: string
  readonly HTML: string
  readonly MessageID: string
  readonly Date: string
}

/** Sends a letter to the inbox, and returns what arrived. */
export async function delivered(change: Partial<Letter>, options: Partial<SmtpOptions> = {}): Promise<Detail> {
  const to = change.to ?? `${crypto.randomUUID()}@example.com`
  await smtpMailer({ ...here, port: Number(SMTP_PORT), ...options }).send({ ...letter, ...change, to })
  const found = await fetch(`${TEST_INBOX}/api/v1/search?query=to:${encodeURIComponent(to)}`)
  const { messages } = await found.json<{ messages: { ID: string }[] }>()
  expect(messages).toHaveLength(1)
  return await (await fetch(`${TEST_INBOX}/api/v1/message/${messages[0]?.ID}`)).json<Detail>()
}
