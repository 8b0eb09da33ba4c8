/** `npm run cloudinary:preset`: makes the unsigned preset by which pictures are uploaded, or brings it up to date. */
import { v2 as cloudinary } from 'cloudinary'
import { CommandError, runCommand } from './command.ts'
import { variable } from './migrate.ts'

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

/**
 * Makes the preset that the variables name, or brings it up to date, and says in a sentence which.
 * @throws CommandError in words for a person
 */
export async function makePreset(
  variable: (name: string) => string | undefined,
  api: Api = cloudinary.api,
): Promise<string> {
  const missing = needed.filter((name) => !variable(name))
  if (missing.length > 0) {
    throw new CommandError(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set, neither here nor in .dev.vars. ` +
        'The cloud’s name and an API key are on https://console.cloudinary.com/settings/api-keys; the preset’s name is yours to choose.',
    )
  }
  const [cloud_name = '', name = '', api_key = '', api_secret = ''] = needed.map((one) => variable(one))
  const url = variable('CLOUDINARY_API_URL')
  const options = { cloud_name, api_key, api_secret, ...(url === undefined ? {} : { upload_prefix: url }), ...preset }
  try {
    await api.update_upload_preset(name, options)
    return `The preset "${name}" of ${cloud_name} is up to date.`
  } catch (error) {
    if (refusal(error)?.http_code !== 404) throw explained(error)
  }
  await api.create_upload_preset({ ...options, name }).catch((error: unknown) => {
    throw explained(error)
  })
  return `Made the preset "${name}" of ${cloud_name}.`
}

/**
 * The SDK rejects with `{ error: { message, http_code } }`, and the request's options beside it, which hold the secret.
 */
const refusal = (error: unknown) => (error as { error?: { http_code?: number; message?: string } } | undefined)?.error
const explained = (error: unknown): CommandError =>
  new CommandError(`Cloudinary did not take the preset: ${refusal(error)?.message ?? 'it did not answer'}.`)

if (import.meta.main) await runCommand(async () => console.log(await makePreset(variable)))
