import { SMTPServer } from 'smtp-server'
import type { Letters } from './letters.ts'
import { receive } from './receive.ts'

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
