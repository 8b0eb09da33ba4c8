import { z } from 'zod'

/** Who changes a book, and by what. The name is copied when it is written: the device may be gone when it is read. */
export const authorSchema = z
  .object({
    kind: z.enum(['session']).meta({ description: '`session`: somebody who was logged in.' }),
    id: z.int().meta({ description: 'Which session.' }),
    name: z.string().nullable().meta({ description: 'The User-Agent.' }),
  })
  .meta({ id: 'Author', example: { kind: 'session', id: 12, name: 'curl/8.5.0' } })
