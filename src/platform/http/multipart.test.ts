import { exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Answer, problemOf, read } from '../../../test/client.ts'
import { type Person, signedUp } from '../../../test/people.ts'
import { picture, together } from '../../../test/pictures.ts'
import { stripMetadata } from '../pictures/image.ts'

let ana: Person

beforeAll(async () => {
  ana = await signedUp('ana')
})

/** Sends a form of parts with the given headers. */
function send(...parts: [headers: string, content: Uint8Array | string][]): Promise<Answer> {
  const raw = together(
    ...parts.flatMap(([headers, content]) => [`--b\r\n${headers}\r\n\r\n`, content, '\r\n']),
    '--b--\r\n',
  )
  const headers = { 'Content-Type': 'multipart/form-data; boundary=b' }
  return ana.patch('/api/users/avatar', undefined, { raw, headers })
}

/** The stored bytes of an uploaded picture. */
function pictureOf(bytes: Uint8Array): Uint8Array {
  const read = stripMetadata(bytes)
  return typeof read === 'string' ? Uint8Array.of() : read.bytes
}

/** The pointers of a 422's faults, and their sentences. */
const faults = (answer: Answer) => {
  expect(problemOf(answer)).toBe('422 invalid-values')
  const { detail, errors } = read(
    z.looseObject({ detail: z.string(), errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })) }),
    answer,
  )
  return [detail, ...errors.map(({ pointer }) => pointer)]
}

const png = picture('png')

describe('a part of a form', () => {
  it.each([
    [
      'what browsers and curl send',
      'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png',
    ],
    [
      'what .NET sends',
      "Content-Disposition: form-data; name=file; filename=a.png; filename*=utf-8''a.png\r\nContent-Type: image/png",
    ],
    ['a name in another script', 'Content-Disposition: form-data; name="file"; filename="я.png"'],
    ['its name in RFC 8187 alone', "Content-Disposition: form-data; name=file; filename*=UTF-8''%D1%8F.png"],
    ['signs inside of quotes', 'Content-Disposition: form-data; filename="a; name=\\"x\\".png"; name="file"'],
    ['another case, and blanks', 'CONTENT-DISPOSITION:Form-Data ; NAME = file ; FileName = a.png'],
    [
      'other headers',
      'Content-Type: image/png\r\nContent-Length: 1\r\nContent-Disposition: form-data; name="file"; filename=""',
    ],
    ['no name of the file', 'Content-Disposition: form-data; name=file\r\nContent-Type: image/png'],
  ])('is accepted, as RFC 2183 and RFC 6266 allow it: %s', async (_, headers) => {
    const bytes = new TextEncoder().encode(headers)
    const answer = await send([String.fromCharCode(...bytes), png])
    expect(answer.status, answer.text).toBe(200)
  })

  it.each([
    ['headers that are folded', 'Content-Disposition: form-data;\r\n name=file;\r\n\tfilename=a.png', '', '\r\n'],
    ['a preamble', 'Content-Disposition: form-data; name=file; filename=a.png', 'This is a form.\r\n--bee\r\n', '\r\n'],
    ['bare line feeds', 'Content-Disposition: form-data; name=file; filename=a.png\nContent-Type: image/png', '', '\n'],
  ])('is accepted, as RFC 2046 and RFC 822 allow it: %s', async (_, head, preamble, end) => {
    const raw = together(`${preamble}--b \t${end}${head}${end}${end}`, png, `${end}--b--`)
    const answer = await ana.patch('/api/users/avatar', undefined, {
      raw,
      headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    })
    expect(answer.status, answer.text).toBe(200)
    const displayed = read(z.looseObject({ avatar: z.string() }), answer).avatar
    const picture = await exports.default.fetch(displayed)
    expect(new Uint8Array(await picture.arrayBuffer())).toEqual(new Uint8Array(pictureOf(png)))
  })

  it('that is malformed is 400', async () => {
    for (const headers of [
      'Content-Type: image/png',
      'Content-Disposition: attachment; name=file; filename=a.png',
      'Content-Disposition: form-data; filename=a.png',
      'Content-Disposition: form-data; name="\xff"',
      `X: ${'x'.repeat(10_000)}`,
    ]) {
      expect(problemOf(await send([headers, png])), headers.slice(0, 60)).toBe('400 unreadable-body')
    }
    const file = 'Content-Disposition: form-data; name=file; filename=a.png'
    expect(problemOf(await send(...Array.from({ length: 101 }, (): [string, string] => [file, 'x'])))).toBe(
      '400 unreadable-body',
    )
    const headers = { 'Content-Type': 'multipart/form-data' }
    const nameless = await ana.patch('/api/users/avatar', undefined, { raw: together('--b--'), headers })
    expect([problemOf(nameless), nameless.text]).toEqual(['400 unreadable-body', expect.stringContaining('boundary')])
  })
})

describe('a form for one picture', () => {
  const file = (name: string) => `Content-Disposition: form-data; name="${name}"; filename="a.png"`

  it('explains that there are two', async () => {
    const answer = await send([file('file'), png], [file('file'), png])
    expect(faults(answer)).toEqual(['Send one picture: there are 2 in this field.', '/file'])
  })

  it('explains that it has another name', async () => {
    for (const name of ['picture', 'file[]', 'File']) {
      const words = `The file is in the field "${name}": send it in the field "file".`
      expect(faults(await send([file(name), png])), name).toEqual([words, '/file'])
    }
    const long = await send([file('x'.repeat(1000)), png])
    expect([faults(long).length, long.text.includes('x'.repeat(101))]).toEqual([2, false])
  })

  it('explains that it is empty, a text, or missing', async () => {
    expect(faults(await send([file('file'), '']))[0]).toBe('This file is empty: send the whole picture.')
    expect(faults(await send(['Content-Disposition: form-data; name=file', 'a.png']))[0]).toBe(
      'This is a text: send the picture as a file.',
    )
    expect(faults(await send())[0]).toBe('There is no file in this field: send the picture here.')
  })
})
