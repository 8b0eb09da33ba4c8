import { expect, it } from 'vitest'
import { type Api, makePreset } from './cloudinary-preset.ts'
import { CommandError } from './command.ts'

const variables: Readonly<Record<string, string>> = {
  CLOUDINARY_CLOUD_NAME: 'vizitka-test',
  CLOUDINARY_UPLOAD_PRESET: 'vizitka',
  CLOUDINARY_API_KEY: '123',
  CLOUDINARY_API_SECRET: 'keep-this-one',
}
const variable = (name: string) => variables[name]

const account = { cloud_name: 'vizitka-test', api_key: '123', api_secret: 'keep-this-one' }
const wanted = {
  unsigned: true,
  disallow_public_id: true,
  folder: 'avatars',
  use_filename: false,
  unique_filename: true,
  allowed_formats: ['jpg', 'png', 'webp', 'gif'],
  transformation: { width: 1000, height: 1000, crop: 'limit' },
}

/** As the SDK rejects. */
const refused = (http_code: number, message: string) => ({
  request_options: { auth: '123:keep-this-one' },
  error: { message, http_code },
})

/** The SDK's part that is used, which answers so, and what it was asked. */
function sdk(update: () => Promise<unknown>, create: () => Promise<unknown> = () => Promise.reject(new Error())) {
  const requested: unknown[] = []
  const api: Api = {
    update_upload_preset(name, options) {
      requested.push(['update', name, options])
      return update()
    },
    create_upload_preset(options) {
      requested.push(['create', options])
      return create()
    },
  }
  return { requested: requested, api }
}

const faultOf = (made: Promise<string>) =>
  made.then(
    () => 'none',
    (error: unknown) => error,
  )

it('brings a preset up to date', async () => {
  const { requested, api } = sdk(async () => ({ message: 'updated' }))
  expect(await makePreset(variable, api)).toBe('The preset "vizitka" of vizitka-test is up to date.')
  expect(requested).toEqual([['update', 'vizitka', { ...account, ...wanted }]])
})

it('makes one that is not there: unsigned, into its folder, under names of Cloudinary’s, and only pictures', async () => {
  const { requested, api } = sdk(
    () => Promise.reject(refused(404, 'Can’t find upload preset with name vizitka')),
    async () => ({ message: 'created' }),
  )
  expect(await makePreset(variable, api)).toBe('Made the preset "vizitka" of vizitka-test.')
  expect(requested[1]).toEqual(['create', { ...account, name: 'vizitka', ...wanted }])
})

it('asks another host of Cloudinary’s where one is named', async () => {
  const { requested, api } = sdk(async () => ({}))
  const url = 'https://api-eu.cloudinary.com'
  await makePreset((name) => (name === 'CLOUDINARY_API_URL' ? url : variable(name)), api)
  expect(requested).toMatchObject([['update', 'vizitka', { upload_prefix: url }]])
})

it('says what is missing', async () => {
  const { requested, api } = sdk(async () => ({}))
  const nothing = await faultOf(makePreset(() => undefined, api))
  expect(nothing).toBeInstanceOf(CommandError)
  expect(String(nothing)).toMatch(
    /CLOUDINARY_CLOUD_NAME, .*CLOUDINARY_API_SECRET are not set, neither here nor in \.dev\.vars/,
  )
  const one = await faultOf(makePreset((name) => (name === 'CLOUDINARY_API_KEY' ? '' : 'set'), api))
  expect(String(one)).toContain('CLOUDINARY_API_KEY is not set')
  expect(requested).toEqual([])
})

it('says what Cloudinary does not like, and never the secret', async () => {
  for (const [reason, words] of [
    [refused(401, 'Invalid credentials'), 'Cloudinary did not take the preset: Invalid credentials.'],
    [new Error('getaddrinfo keep-this-one'), 'Cloudinary did not take the preset: it did not answer.'],
    [undefined, 'Cloudinary did not take the preset: it did not answer.'],
  ] as const) {
    const fault = await faultOf(makePreset(variable, sdk(() => Promise.reject(reason)).api))
    expect(fault).toBeInstanceOf(CommandError)
    expect((fault as Error).message).toBe(words)
  }
})
