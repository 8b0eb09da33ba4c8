import { z } from 'zod'
import { invalidValues, Problem } from '../http/problem.ts'
import { truncate } from '../text/truncate.ts'
import { type Picture, type Refusal, stripMetadata } from './image.ts'

/** The largest accepted file: five megabytes. */
const maxBytes = 5 * 1024 * 1024
/** The largest accepted body: the file, and the form around it. */
export const pictureBodyBytes = maxBytes + 64 * 1024

/** One or several files in a field with another name than `file`. */
class Misnamed {
  readonly field: string

  constructor(field: string) {
    this.field = field
  }
}

/** Replaces a form whose file is in another field by one whose field `file` says so. */
function withMisnamed(form: unknown): unknown {
  if (typeof form !== 'object' || form === null || 'file' in form) return form
  const [field, value] = Object.entries(form).find(([, one]) => [one].flat()[0] instanceof File) ?? []
  if (field === undefined || value === undefined) return form
  const others = Object.entries(form).filter(([name]) => name !== field)
  return { ...Object.fromEntries(others), file: new Misnamed(field) }
}

/** Says what is wrong with the value of the file's field. */
function fileFault(value: unknown): string {
  if (Array.isArray(value)) return `Send one picture: there are ${value.length} in this field.`
  if (value instanceof Misnamed)
    return `The file is in the field "${truncate(value.field, 100)}": send it in the field "file".`
  if (value instanceof File) return 'This file is empty: send the whole picture.'
  if (typeof value === 'string') return 'This is a text: send the picture as a file.'
  return 'There is no file in this field: send the picture here.'
}

const isWholeFile = (value: unknown): value is File => value instanceof File && value.size > 0

/** The body of a route that takes a picture. */
export const pictureBody = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: z.preprocess(
        withMisnamed,
        z
          .strictObject({
            file: z.custom<File>(isWholeFile, { error: ({ input }) => fileFault(input) }).meta({
              type: 'string',
              format: 'binary',
              description: 'A JPEG, PNG, WebP or GIF, recognized by its bytes. At most 5 MB and 50 megapixels.',
            }),
          })
          .meta({ id: 'PictureUpload', example: { file: 'face.jpg' } }),
      ),
    },
  },
}

/** The message for a body that is too large. */
export const pictureTooLarge = 'The picture is too large: 5 MB at most.'

const refusals: Record<Refusal, () => Problem> = {
  'unknown-type': () =>
    new Problem(
      415,
      'unsupported-media-type',
      'This is not a picture in a supported format: send JPEG, PNG, WebP or GIF.',
    ),
  unreadable: () =>
    invalidValues([{ pointer: '/file', detail: 'This file is incomplete or damaged: send the whole picture.' }]),
  'too-many-pixels': () =>
    invalidValues([
      { pointer: '/file', detail: 'This picture has too many pixels, 50 million at most: send a smaller one.' },
    ]),
}

/**
 * Reads an uploaded picture and removes its metadata.
 * @throws Problem 413 `too-large`, 415 `unsupported-media-type`, 422 `invalid-values`
 */
export async function readUploadedPicture(file: File): Promise<Picture> {
  if (file.size > maxBytes) throw new Problem(413, 'too-large', pictureTooLarge)
  const picture = stripMetadata(new Uint8Array(await file.arrayBuffer()))
  if (typeof picture === 'string') throw refusals[picture]()
  return picture
}
