import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { describeAnswer, me, pathOf, requestAs } from '../../test/admins.ts'
import { database } from '../../test/database.ts'
import { admin, change, moderator, type Person, password } from '../../test/people.ts'
import { strength } from '../../test/strength.ts'
import { users } from '../users/table.ts'

const db = database()

describe('the last admin', () => {
  let root: Person
  const admins = () =>
    db
      .select({ id: users.id })
      .from(users)
      .where(and(eq(users.role, 'admin'), eq(users.disabled, false)))
  type Loss = (by: Person, owner: Person, bindings?: object) => Promise<string>
  const demote: Loss = async (by, owner, bindings = {}) =>
    describeAnswer(await requestAs(bindings, by, 'PATCH', pathOf(owner), { role: 'user' }))
  const disable: Loss = async (by, owner, bindings = {}) =>
    describeAnswer(await requestAs(bindings, by, 'PATCH', pathOf(owner), { disabled: true }))
  const remove: Loss = async (by, owner, bindings = {}) =>
    describeAnswer(await requestAs(bindings, by, 'DELETE', pathOf(owner)))
  const leave: Loss = async (by, _, bindings = {}) =>
    describeAnswer(await requestAs(bindings, by, 'DELETE', '/api/users/me', { current_password: password }))
  const losses = Object.entries({ demote, disable, remove })

  beforeEach(async () => {
    await db.delete(users)
    root = await admin('root')
  })

  it('stays an admin, whatever they do to their own account', async () => {
    for (const [how, lose] of losses) expect(await lose(root, root), how).toBe('409 last-admin')
    expect(await leave(root, root)).toBe('409 last-admin')
    expect(await me(root)).toMatchObject({ role: 'admin' })
  })

  it('stays an admin, whoever else may change roles', async () => {
    const mira = await moderator('mira')
    const ROLE_PERMISSIONS = '{"moderator":["users:role","users:disable","users:delete"]}'
    for (const [how, lose] of losses) {
      expect(await lose(mira, root, { ROLE_PERMISSIONS }), how).toBe('409 last-admin')
    }
    expect(await me(root)).toMatchObject({ role: 'admin' })
  })

  it('cannot be replaced by an admin who cannot log in', async () => {
    const [shut, unconfirmed] = [await admin('shut'), await admin('unconfirmed')]
    await change(shut, { disabled: true })
    await change(unconfirmed, { confirmed_at: null })
    for (const [how, lose] of losses) expect(await lose(root, root), how).toBe('409 last-admin')
    expect(await leave(root, root)).toBe('409 last-admin')
    // These two are not the last admins, and may be demoted.
    expect(await demote(root, shut)).toBe('200')
    expect(await remove(root, unconfirmed)).toBe('204')
  })

  it('may be removed once there is another', async () => {
    const nina = await admin('nina')
    expect(await demote(root, root)).toBe('200')
    await nina.patch(pathOf(root), { role: 'admin' })
    expect(await leave(nina, nina)).toBe('204')
    expect(await admins()).toEqual([{ id: root.id }])
  })

  /** Bindings with which two changes wait for each other after both are decided and before either is written. */
  function neckAndNeck(): object {
    let arrived = 0
    const { promise: both, resolve } = Promise.withResolvers<void>()
    const stub = (real: object) =>
      new Proxy(real, {
        get(inner, method) {
          const go: unknown = Reflect.get(inner, method)
          if (typeof go !== 'function') return go
          return async (...args: unknown[]) => {
            if (method === 'raise') {
              arrived += 1
              if (arrived === 2) resolve()
              await both
            }
            return Reflect.apply(go, inner, args)
          }
        },
      })
    const GATE = new Proxy(env.GATE, {
      get(inner, name) {
        if (name === 'get') return (id: DurableObjectId) => stub(inner.get(id))
        const method: unknown = Reflect.get(inner, name)
        return typeof method === 'function' ? method.bind(inner) : method
      },
    })
    return { GATE }
  }

  const races: Record<string, readonly [Loss, Loss]> = {
    'demote each other': [demote, demote],
    'delete each other': [remove, remove],
    'demote and delete each other': [demote, remove],
    'demote and disable each other': [demote, disable],
    'disable and delete each other': [disable, remove],
    'delete themselves': [leave, leave],
  }
  for (const [what, [one, other]] of Object.entries(races)) {
    it(`is left when the last two ${what} at once: one wins, round after round`, async () => {
      for (let round = 0; round < strength(3, 2); round++) {
        await db.delete(users)
        const [ana, boris] = await Promise.all([admin('ana'), admin('boris')])
        const bindings = neckAndNeck()
        const answers = await Promise.all([one(ana, boris, bindings), other(boris, ana, bindings)])
        expect(answers.filter((answer) => answer.startsWith('2'))).toHaveLength(1)
        expect(answers).toContain('409 last-admin')
        expect(await admins()).toHaveLength(1)
      }
    })
  }
})
