import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { call, pointersOf, problemOf, read } from '../../test/client.ts'
import { signedUp } from '../../test/people.ts'
import { heavyPng, type Kind, kinds, picture, pngOf, together, upload, withLocation } from '../../test/pictures.ts'
import { serve } from '../../test/serving.ts'
import { addressOf, contactOf, give, inKv, look, pictured } from '../../test/shown-pictures.ts'

const types = { jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp', webpLossless: 'image/webp', gif: 'image/gif' }
afterEach(() => {
  vi.useRealTimers()
})

describe('a picture', () => {
  it.each(kinds)(
    'that was uploaded is shown from then on, with its type and without the place (%s)',
    async (kind: Kind) => {
      const ana = await signedUp('ana')
      const reported = await give(ana, '/api/users/avatar', withLocation(kind))
      expect(reported.status, reported.text).toBe(200)
      const url = addressOf(reported)
      expect(url).toMatch(/^https:\/\/vizitka\.test\/avatars\/[\w-]{43}$/)
      const me = await ana.get('/api/users/me')
      expect(me.body).toEqual(reported.body)
      expect(me.headers.get('ETag')).toBe(reported.headers.get('ETag'))
      const displayed = await look(url)
      expect(displayed.status).toBe(200)
      const headers = Object.fromEntries(displayed.headers)
      expect(headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        'content-disposition': 'inline',
        'content-security-policy': "default-src 'none'; sandbox",
        'content-type': types[kind],
        'cross-origin-resource-policy': 'cross-origin',
        'x-content-type-options': 'nosniff',
      })
      const bytes = new Uint8Array(await displayed.arrayBuffer())
      if (kind !== 'webp') expect(bytes).toEqual(picture(kind))
      expect(String.fromCharCode(...bytes)).not.toContain('48,51')
    },
  )

  it('is shown with its contact everywhere, and changes the contact’s ETag', async () => {
    const ana = await signedUp('ana')
    const path = await contactOf(ana, { first_name: 'Леся', birthday: '--05-05' })
    const before = await ana.get(path)
    const reported = await give(ana, `${path}/avatar`, picture('png'))
    expect(reported.status, reported.text).toBe(200)
    const url = addressOf(reported)
    expect(reported.headers.get('ETag')).not.toBe(before.headers.get('ETag'))
    const now = await ana.get(path)
    expect([now.body, now.headers.get('ETag')]).toEqual([reported.body, reported.headers.get('ETag')])
    for (const list of ['/api/contacts', '/api/contacts/birthdays?days=366']) {
      expect(read(z.array(pictured), await ana.get(list)).map(({ avatar }) => avatar)).toEqual([url])
    }
    const stored = await ana.get('/api/users/me/export')
    expect(stored.text).toContain(url)
    // Sending back what was read changes no picture.
    expect(addressOf(await ana.put(path, now.body))).toBe(url)
    expect((await look(url)).headers.get('Content-Type')).toBe('image/png')
  })

  it('is one of initials by default, drawn from the path alone', async () => {
    const ana = await signedUp('ana')
    const url = addressOf(await ana.patch('/api/users/me', { username: 'ana maria kovalenko' }))
    expect(url).toMatch(/^https:\/\/vizitka\.test\/avatars\/initials\/\d{1,2}-QUs\.svg$/)
    const displayed = await look(url)
    expect(displayed.headers.get('Content-Type')).toBe('image/svg+xml')
    expect(displayed.headers.get('Content-Security-Policy')).toBe("default-src 'none'; sandbox")
    expect(displayed.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(await displayed.text()).toMatch(/^<svg .*>AK<\/text><\/svg>$/)
    const path = await contactOf(ana)
    expect(await (await look(addressOf(await ana.get(path)))).text()).toContain('>ОГ<')
    const nameless = await contactOf(ana, { first_name: '☎️' })
    expect(await (await look(addressOf(await ana.get(nameless)))).text()).toContain('<circle')
    expect(addressOf(await ana.patch(nameless, { last_name: 'straße <script>' }))).toMatch(/-U1M\.svg$/)
  })

  it('is Gravatar’s, by SHA-256 of the e-mail, if configured and none was uploaded', async () => {
    const ana = await signedUp('ana')
    const path = await contactOf(ana, { first_name: 'Oles', email: 'Oles@Example.com' })
    const bare = await contactOf(ana, { first_name: 'Nobody' })
    const requested = async (at: string) =>
      pictured.parse(await (await serve({ GRAVATAR: 'true' }, at, { token: ana.access })).json()).avatar
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('oles@example.com'))
    const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    expect(await requested(path)).toBe(`https://gravatar.com/avatar/${hex}?s=250&d=mp`)
    expect(await requested('/api/users/me')).toMatch(/^https:\/\/gravatar\.com\/avatar\/[0-9a-f]{64}\?s=250&d=mp$/)
    expect(await requested(bare)).toMatch(/^https:\/\/vizitka\.test\/avatars\/initials\//)
    const input = addressOf(await give(ana, `${path}/avatar`, picture('gif')))
    expect(await requested(path)).toBe(input)
  })

  it('cannot be changed for another user’s contact', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    const path = await contactOf(ana)
    const before = await inKv()
    expect(problemOf(await give(boris, `${path}/avatar`, picture('png')))).toBe('404 not-found')
    expect(problemOf(await boris.delete(`${path}/avatar`))).toBe('404 not-found')
    expect(await inKv()).toEqual(before)
  })
})

describe('a file', () => {
  it('that is not a picture by its bytes is 415, whatever it is called', async () => {
    const ana = await signedUp('ana')
    const html = together('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    const answer = await ana.patch('/api/users/avatar', undefined, { raw: upload(html, 'face.png', 'image/png') })
    expect(problemOf(answer)).toBe('415 unsupported-media-type')
    expect(problemOf(await ana.patch('/api/users/avatar', { file: 'face.png' }))).toBe('415 unsupported-media-type')
  })

  it('that is missing, empty, a text, one of two, or beside another field is 422', async () => {
    const ana = await signedUp('ana')
    const pointers = async (form: FormData) =>
      pointersOf(await ana.patch('/api/users/avatar', undefined, { raw: form }))
    const without = new FormData()
    const text = new FormData()
    text.set('file', 'face.png')
    const two = upload(picture('png'))
    two.append('file', new File([picture('gif')], 'b.gif'))
    const more = upload(picture('png'))
    more.set('owner_id', '1')
    expect(await pointers(upload(new Uint8Array()))).toEqual(['/file'])
    expect(await pointers(text)).toEqual(['/file'])
    expect(await pointers(two)).toEqual(['/file'])
    expect(await pointers(more)).toEqual(['/owner_id'])
    without.set('other', '1')
    expect(await pointers(without)).toEqual(['/file', '/other'])
    const cut = { raw: '--x\r\nContent-Dis', headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }
    expect(problemOf(await ana.patch('/api/users/avatar', undefined, cut))).toBe('400 unreadable-body')
  })

  it('that is truncated, or has too many pixels, is 422', async () => {
    const ana = await signedUp('ana')
    for (const bytes of [picture('jpeg').slice(0, -5), pngOf(0, 5), pngOf(7072, 7072), pngOf(65_535, 65_535)]) {
      expect(pointersOf(await give(ana, '/api/users/avatar', bytes))).toEqual(['/file'])
    }
    expect((await give(ana, '/api/users/avatar', pngOf(7071, 7071))).status).toBe(200)
  })

  it('of more than 512 KB without metadata is too large for KV', async () => {
    const ana = await signedUp('ana')
    expect((await give(ana, '/api/users/avatar', heavyPng(512 * 1024))).status).toBe(200)
    const path = await contactOf(ana)
    const heavy = await give(ana, `${path}/avatar`, heavyPng(512 * 1024 + 1))
    expect(problemOf(heavy)).toBe('413 too-large')
    expect(heavy.text).toContain('512 KB')
    // Whatever is cut off is not stored.
    expect((await give(ana, `${path}/avatar`, together(picture('png'), new Uint8Array(2_000_000)))).status).toBe(200)
  })

  it('of more than 5 MB is refused before it is read, or while it is read', async () => {
    const ana = await signedUp('ana')
    const announced = await give(ana, '/api/users/avatar', heavyPng(5 * 1024 * 1024 + 100_000))
    expect(problemOf(announced)).toBe('413 too-large')
    expect(announced.text).toContain('5 MB')
    expect(problemOf(await give(ana, '/api/users/avatar', heavyPng(5 * 1024 * 1024 + 1)))).toBe('413 too-large')
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536))
      },
    })
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' }
    expect(problemOf(await ana.patch('/api/users/avatar', undefined, { raw: endless, headers }))).toBe('413 too-large')
    expect(sent).toBeLessThan(7_000_000)
    // On other routes a megabyte is the limit, also for forms.
    const form = upload(heavyPng(1_100_000))
    expect(problemOf(await call('POST', '/api/auth/login', { raw: form }))).toBe('413 too-large')
  })
})

describe('If-Match', () => {
  it('does not set a picture if the account or contact has changed since it was read', async () => {
    const ana = await signedUp('ana')
    const path = await contactOf(ana)
    for (const [at, route] of [
      ['/api/users/me', '/api/users/avatar'],
      [path, `${path}/avatar`],
    ] as const) {
      const tag = (await ana.get(at)).headers.get('ETag') ?? ''
      expect((await give(ana, route, picture('png'), { 'If-Match': tag })).status).toBe(200)
      const before = await inKv()
      expect(problemOf(await give(ana, route, picture('gif'), { 'If-Match': tag }))).toBe('412 changed-meanwhile')
      expect(problemOf(await ana.delete(route, { headers: { 'If-Match': tag } }))).toBe('412 changed-meanwhile')
      expect(await inKv()).toEqual(before)
      const now = (await ana.get(at)).headers.get('ETag') ?? ''
      expect((await ana.delete(route, { headers: { 'If-Match': now } })).status).toBe(200)
    }
  })
})
