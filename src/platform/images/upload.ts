import { z } from 'zod'
import { invalid, Problem } from '../http/problem.ts'
import { type Picture, pictureIn, type Refusal } from './image.ts'

/** The largest file that is taken. Five megabytes, however they are counted. */
const maxBytes = 5 * 1024 * 1024
/** The largest body: the file, and the form around it. */
export const pictureBodyBytes = maxBytes + 64 * 1024

/** The body of a route that takes a picture. */
export const pictureBody = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: z
        .strictObject({
          file: z
            .custom<File>(
              (value) => value instanceof File && value.size > 0,
              'Send the picture as a file in this field: it is missing, or empty.',
            )
            .meta({
              type: 'string',
              format: 'binary',
              description: 'A JPEG, PNG, WebP or GIF: what it is, its bytes say. 5 MB and 50 megapixels at most.',
            }),
        })
        .meta({ id: 'PictureUpload', example: { file: 'face.jpg' } }),
    },
  },
}

/** What the answer to too large a body says. */
export const pictureTooLarge = 'The picture is too large: 5 MB at most.'

const refusals: Record<Refusal, () => Problem> = {
  'unknown-type': () =>
    new Problem(415, 'unsupported-media-type', 'This is no picture that we take: send JPEG, PNG, WebP or GIF.'),
  unreadable: () =>
    invalid([{ pointer: '/file', detail: 'This file is cut short or damaged: send the whole picture.' }]),
  'too-many-pixels': () =>
    invalid([
      { pointer: '/file', detail: 'This picture has too many pixels, 50 million at most: send a smaller one.' },
    ]),
}

/**
 * The picture of an upload, without what it said of where it was taken.
 * @throws Problem 413 `too-large`, 415 `unsupported-media-type`, 422 `invalid-values`
 */
export async function pictureOf(file: File): Promise<Picture> {
  if (file.size > maxBytes) throw new Problem(413, 'too-large', pictureTooLarge)
  const picture = pictureIn(new Uint8Array(await file.arrayBuffer()))
  if (typeof picture === 'string') throw refusals[picture]()
  return picture
}
