/** `npm run cloudinary:preset`: makes the unsigned preset by which pictures are uploaded, or brings it up to date. */
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { v2 as cloudinary } from 'cloudinary'

/** What the preset lets anyone who knows its name do: add a picture under a name of Cloudinary's, and nothing else. */
export const preset = {
  unsigned: true,
  disallow_public_id: true,
  folder: 'avatars',
  use_filename: false,
  unique_filename: true,
  allowed_formats: ['jpg', 'png', 'webp', 'gif'],
  // Cloudinary knows no size in bytes here (the service takes 5 MB at most): what it keeps is bounded instead.
  transformation: { width: 1000, height: 1000, crop: 'limit' },
} as const

const needed = [
  'CLOUDINARY_CLOUD_NAME',
  'CLOUDINARY_UPLOAD_PRESET',
  'CLOUDINARY_API_KEY',
  'CLOUDINARY_API_SECRET',
] as const

/** As much of the SDK as is used. */
export interface Api {
  update_upload_preset(name: string, options: object): Promise<unknown>
  create_upload_preset(options: object): Promise<unknown>
}

/** What keeps the preset from being made, in words for the person who asked for it. */
export class PresetError extends Error {}

/**
 * Makes the preset that the variables name, or brings it up to date, and says in a sentence which.
 * @throws PresetError in words for a person
 */
export async function makePreset(
  variable: (name: string) => string | undefined,
  api: Api = cloudinary.api,
): Promise<string> {
  const missing = needed.filter((name) => !variable(name))
  if (missing.length > 0) {
    throw new PresetError(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set, neither here nor in .dev.vars. ` +
        'The cloud’s name and an API key are on https://console.cloudinary.com/settings/api-keys; the preset’s name is yours to choose.',
    )
  }
  const [cloud = '', name = '', key = '', secret = ''] = needed.map((one) => variable(one) ?? '')
  const url = variable('CLOUDINARY_API_URL')
  const account = {
    cloud_name: cloud,
    api_key: key,
    api_secret: secret,
    ...(url === undefined ? {} : { upload_prefix: url }),
  }
  try {
    await api.update_upload_preset(name, { ...account, ...preset })
    return `The preset "${name}" of ${cloud} is up to date.`
  } catch (error) {
    if (statusOf(error) !== 404) throw explained(error)
  }
  try {
    await api.create_upload_preset({ ...account, name, ...preset })
    return `Made the preset "${name}" of ${cloud}.`
  } catch (error) {
    throw explained(error)
  }
}

/**
 * The SDK rejects with `{ error: { message, http_code } }`, and the request's options beside it, which hold the secret.
 */
const refusal = (error: unknown) => (error as { error?: { http_code?: number; message?: string } } | undefined)?.error
const statusOf = (error: unknown): number | undefined => refusal(error)?.http_code
const explained = (error: unknown): PresetError =>
  new PresetError(`Cloudinary did not take the preset: ${refusal(error)?.message ?? 'it did not answer'}.`)

/** A variable of the environment, or else of `.dev.vars`. Empty means not set. */
function variable(name: string): string | undefined {
  let vars: NodeJS.Dict<string> = {}
  try {
    vars = parseEnv(readFileSync('.dev.vars', 'utf8'))
  } catch {
    // No such file: a machine that only deploys has none.
  }
  return process.env[name] || vars[name] || undefined
}

if (import.meta.main) {
  try {
    console.log(await makePreset(variable))
  } catch (error) {
    console.error(error instanceof PresetError ? error.message : 'The preset could not be made.')
    process.exitCode = 1
  }
}
