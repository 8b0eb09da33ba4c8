import { z } from 'zod'

/** Who changes a book, and by what. The name is copied when it is written: the device may be gone when it is read. */
export const authorSchema = z
  .object({
    kind: z
      .enum(['session', 'app'])
      .meta({ description: '`session`: somebody who was logged in; `app`: a phone or program with an app password.' }),
    id: z.int().meta({ description: 'Which session, or which app password.' }),
    name: z.string().nullable().meta({ description: 'The User-Agent, or the name of the app password.' }),
  })
  .meta({ id: 'Author', example: { kind: 'session', id: 12, name: 'curl/8.5.0' } })
