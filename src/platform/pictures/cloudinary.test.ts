import { env } from 'cloudflare:workers'
import { Buffer } from 'node:buffer'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { account } from '../../../test/cloudinary.ts'
import { add } from '../../../test/contacts.ts'
import { database } from '../../../test/database.ts'
import { type Person, password, signedUp } from '../../../test/people.ts'
import { heavyPng, kinds, picture, together, upload, withLocation } from '../../../test/pictures.ts'
import { serve } from '../../../test/serving.ts'
import { contacts } from '../../contacts/table.ts'
import { runScheduled } from '../../schedule.ts'
import { pictureDeletions } from './table.ts'

const db = database()
const unsigned = {
  CLOUDINARY_CLOUD_NAME: account.cloud,
  CLOUDINARY_UPLOAD_PRESET: account.preset,
  CLOUDINARY_API_URL: env.TEST_CLOUDINARY,
}
const delivered = { ...unsigned, CLOUDINARY_DELIVERY_URL: env.TEST_CLOUDINARY }
const signed = { ...unsigned, CLOUDINARY_API_KEY: account.key, CLOUDINARY_API_SECRET: account.secret }
const delivery =
  /^https:\/\/res\.cloudinary\.com\/vizitka-test\/image\/upload\/c_fill,g_face,w_250,h_250,f_auto,q_auto\/v\d+\/(avatars\/\w+)$/

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const give = (ana: Person, bytes: Uint8Array<ArrayBuffer>, bindings: object = unsigned) =>
  serve(bindings, '/api/users/avatar', { method: 'PATCH', token: ana.access, body: upload(bytes) })

const avatarIn = async (answer: Response) => z.looseObject({ avatar: z.url() }).parse(await answer.json()).avatar
const problemIn = async (answer: Response) =>
  z
    .looseObject({
      code: z.string(),
      detail: z.string(),
      errors: z.array(z.looseObject({ pointer: z.string() })).optional(),
    })
    .parse(await answer.json())
const idIn = (url: string): string => url.match(delivery)?.[1] ?? `no delivery address: ${url}`
const stored = async () =>
  z.record(z.string(), z.string()).parse(await (await fetch(`${env.TEST_CLOUDINARY}/stored`)).json())
const discarded = async () => (await db.select().from(pictureDeletions)).map(({ picture }) => picture)
const sweep = (bindings: object) => runScheduled('* * * * *', { ...env, ...bindings })

describe('a picture at Cloudinary', () => {
  it.each(kinds)(
    'is delivered square, with the face in the middle, without the place where it was taken (%s)',
    async (kind) => {
      const ana = await signedUp('ana')
      const answer = await give(ana, withLocation(kind))
      expect(answer.status).toBe(200)
      const url = await avatarIn(answer)
      expect(url).toMatch(delivery)
      const bytes = Buffer.from((await stored())[idIn(url)] ?? '', 'base64')
      expect(bytes.length).toBeGreaterThan(30)
      expect(bytes.includes('48,51')).toBe(false)
      // It stays where it is when another store is configured, or none.
      expect(await avatarIn(await serve({}, '/api/users/me', { token: ana.access }))).toBe(url)
    },
  )

  it('is part of the vCard of its contact, until Cloudinary no longer has it', async () => {
    const ana = await signedUp('ana')
    const { id } = await add(ana, { first_name: 'Ada' })
    const path = `/api/contacts/${id}`
    const body = upload(picture('jpeg'))
    const answer = await serve(delivered, `${path}/avatar`, { method: 'PATCH', token: ana.access, body })
    expect(answer.status).toBe(200)
    const vcard = (bindings: object = delivered) => serve(bindings, `${path}.vcf`, { token: ana.access })
    expect(await (await vcard()).text()).toContain('PHOTO;ENCODING=b;TYPE=JPEG:')
    const closed = await vcard({ ...delivered, CLOUDINARY_DELIVERY_URL: 'http://127.0.0.1:9' })
    expect([closed.status, (await problemIn(closed)).code]).toEqual([503, 'avatar-store-unavailable'])
    const { id: other } = await add(ana, { first_name: 'Gone' })
    await db
      .update(contacts)
      .set({ avatar: `cloudinary:${account.cloud}:1:avatars/gone` })
      .where(eq(contacts.id, other))
    const gone = await serve(delivered, `/api/contacts/${other}.vcf`, { token: ana.access })
    expect([gone.status, (await gone.text()).includes('PHOTO')]).toEqual([200, false])
  })

  it('may be as large as a body may be', async () => {
    const ana = await signedUp('ana')
    const answer = await give(ana, heavyPng(5 * 1024 * 1024))
    expect(answer.status).toBe(200)
    expect((await give(ana, heavyPng(5 * 1024 * 1024 + 1))).status).toBe(413)
  })

  it('that Cloudinary refuses is 422 with its message', async () => {
    const ana = await signedUp('ana')
    const refused = await give(ana, together(picture('jpeg').subarray(0, -2), 'refuse me', Uint8Array.of(0xff, 0xd9)))
    expect(refused.status).toBe(422)
    const { code, detail, errors } = await problemIn(refused)
    expect([code, detail, errors?.[0]?.pointer]).toEqual([
      'invalid-values',
      'This picture was refused: Invalid image file. Try another one.',
      '/file',
    ])
  })

  it.each([
    'limited-420',
    'limited-429',
    'failing-500',
    'html-502',
    'html-200',
    'nonsense-200',
    'unsaid-400',
    'no-such-cloud',
  ])('is 503, and changes nothing, if Cloudinary is %s', async (cloud) => {
    const ana = await signedUp('ana')
    const before = await stored()
    const log = vi.spyOn(console, 'error')
    const answer = await give(ana, picture('png'), { ...unsigned, CLOUDINARY_CLOUD_NAME: cloud })
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '1'])
    const { code, detail } = await problemIn(answer)
    expect(code).toBe('avatar-store-unavailable')
    expect(detail).not.toMatch(/cloud|html|limit/i)
    expect(log.mock.calls.flat().join()).toContain('"cloudinary":"upload"')
    expect(await stored()).toEqual(before)
    expect(await avatarIn(await ana.get('/api/users/me').then(({ text }) => new Response(text)))).toContain(
      '/initials/',
    )
  })

  it('is 503 if the preset does not exist, because another picture would not help', async () => {
    const ana = await signedUp('ana')
    const answer = await give(ana, picture('png'), { ...unsigned, CLOUDINARY_UPLOAD_PRESET: 'gone' })
    expect((await problemIn(answer)).code).toBe('avatar-store-unavailable')
  })

  it('is 503 after ten seconds without a response, and at once if nobody listens', async () => {
    const ana = await signedUp('ana')
    const began = Date.now()
    const silent = give(ana, picture('png'), { ...unsigned, CLOUDINARY_CLOUD_NAME: 'silent-200' })
    const closed = await give(ana, picture('png'), { ...unsigned, CLOUDINARY_API_URL: 'http://127.0.0.1:9' })
    expect((await problemIn(closed)).code).toBe('avatar-store-unavailable')
    expect((await problemIn(await silent)).code).toBe('avatar-store-unavailable')
    expect(Date.now() - began).toBeLessThan(13_000)
  })
})

describe('a picture at Cloudinary that nothing shows any more', () => {
  it('is deleted by a signed call', async () => {
    const ana = await signedUp('ana')
    const first = idIn(await avatarIn(await give(ana, picture('png'), signed)))
    const second = idIn(await avatarIn(await give(ana, picture('gif'), signed)))
    await sweep(signed)
    const now = Object.keys(await stored())
    expect([now.includes(first), now.includes(second)]).toEqual([false, true])
    expect((await ana.delete('/api/users/me', { json: { current_password: password } })).status).toBe(204)
    await sweep(signed)
    expect(Object.keys(await stored())).not.toContain(second)
    expect(await discarded()).toEqual([])
    // One that no longer exists counts as deleted.
    const now2 = new Date().toISOString()
    await db
      .insert(pictureDeletions)
      .values({ picture: `cloudinary:${account.cloud}:1:${first}`, due_at: now2, created_at: now2 })
    await sweep(signed)
    expect(await discarded()).toEqual([])
  })

  it('stays there if no key is configured, and is not tried again', async () => {
    const ana = await signedUp('ana')
    const first = idIn(await avatarIn(await give(ana, picture('png'))))
    expect((await ana.delete('/api/users/avatar')).status).toBe(200)
    await sweep(unsigned)
    expect(await discarded()).toEqual([])
    expect(Object.keys(await stored())).toContain(first)
  })

  it('is tried again if the signature is wrong, and deleted once it is right', async () => {
    const ana = await signedUp('ana')
    const first = idIn(await avatarIn(await give(ana, picture('png'), signed)))
    await ana.delete('/api/users/avatar')
    await sweep({ ...signed, CLOUDINARY_API_SECRET: 'not-this-one' })
    expect(await discarded()).toHaveLength(1)
    expect(Object.keys(await stored())).toContain(first)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    await sweep(signed)
    expect(await discarded()).toEqual([])
    expect(Object.keys(await stored())).not.toContain(first)
  })
})

describe('the variables of Cloudinary', () => {
  it('must be set together', async () => {
    for (const [bindings, words] of [
      [{ CLOUDINARY_CLOUD_NAME: 'x' }, 'CLOUDINARY_CLOUD_NAME and CLOUDINARY_UPLOAD_PRESET go together'],
      [{ ...unsigned, CLOUDINARY_API_KEY: 'x' }, 'CLOUDINARY_API_KEY and CLOUDINARY_API_SECRET go together'],
      [{ CLOUDINARY_API_URL: 'https://api.cloudinary.com/v1_1' }, 'CLOUDINARY_API_URL must be an origin'],
      [{ ...unsigned, CLOUDINARY_CLOUD_NAME: 'a/b' }, 'CLOUDINARY_CLOUD_NAME must be the name of a cloud'],
    ] as const) {
      const answer = await serve(bindings, '/api/healthchecker')
      expect(answer.status).toBe(503)
      expect((await problemIn(answer)).detail).toContain(words)
    }
  })
})
