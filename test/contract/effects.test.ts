import { expect, it } from 'vitest'
import { apiDocument, operationsOf } from '../document.ts'
import { Cast } from './cast.ts'
import { bytesOf } from './damage.ts'
import { note } from './effects.ts'
import { Mailbox } from './known.ts'
import { origin } from './request.ts'

it('sets the account’s password by a reset, whatever is sent as the ignored username', async () => {
  const [cast, mailbox] = [new Cast(), new Mailbox()]
  const ana = Object.assign(cast.draft(), { id: 1 })
  mailbox.own('link', { actor: ana, email: ana.email })
  const operation = operationsOf(await apiDocument()).find(({ operationId }) => operationId === 'resetPassword')
  if (!operation) throw new Error('There is no resetPassword.')
  for (const [n, username] of ['Ana', 5, null, {}].entries()) {
    const password = `correct horse battery ${n}`
    const sent = {
      method: 'PATCH',
      url: `${origin}/api/auth/reset-password-confirmation/link`,
      headers: new Headers({ 'Content-Type': 'application/json' }),
      body: bytesOf(JSON.stringify({ password, username })),
      by: null,
      turn: { cast, mailbox, operation, who: ana, n },
      hurried: false,
    }
    note(operation, sent, { status: 200, headers: new Headers(), text: '{}' })
    expect(ana.password).toBe(password)
  }
})
