import { z } from 'zod'
import type { Rule } from '../config/configuration.ts'
import { flag, isOrigin } from '../config/kinds.ts'

export const pictureVariables = {
  /** Use Gravatar for people without a picture. It discloses a hash of their e-mail to Gravatar. */
  GRAVATAR: flag,
  CLOUDINARY_CLOUD_NAME: z
    .string()
    .regex(/^[\w-]+$/, 'must be the name of a cloud, such as dab1c2d3e')
    .optional(),
  /** An unsigned preset; docs/operations.md says how to create it. */
  CLOUDINARY_UPLOAD_PRESET: z.string().min(1).optional(),
  CLOUDINARY_API_KEY: z.string().min(1).optional(),
  CLOUDINARY_API_SECRET: z.string().min(1).optional(),
  CLOUDINARY_API_URL: z
    .string()
    .default('https://api.cloudinary.com')
    .refine(isOrigin, 'must be an origin, such as https://api-eu.cloudinary.com, with no path'),
  /** The host that delivers pictures of Cloudinary. */
  CLOUDINARY_DELIVERY_URL: z
    .string()
    .default('https://res.cloudinary.com')
    .refine(isOrigin, 'must be an origin, such as https://pictures.example.com, with no path'),
}

export const pictureRules: readonly Rule[] = [
  {
    holds: (set) => (set.CLOUDINARY_CLOUD_NAME === undefined) === (set.CLOUDINARY_UPLOAD_PRESET === undefined),
    variable: 'CLOUDINARY_CLOUD_NAME',
    error: 'and CLOUDINARY_UPLOAD_PRESET go together: set both or neither',
  },
  {
    holds: (set) => (set.CLOUDINARY_API_KEY === undefined) === (set.CLOUDINARY_API_SECRET === undefined),
    variable: 'CLOUDINARY_API_KEY',
    error: 'and CLOUDINARY_API_SECRET go together: set both or neither',
  },
]

/** The limits of uploads, for pictures of users and contacts together. */
export const pictureLimits = {
  avatar: { quota: 10, windowSeconds: 60 },
  'avatar-day': { quota: 30, windowSeconds: 86_400 },
}

type Variables = z.output<z.ZodObject<typeof pictureVariables>>

declare module '../config/configuration.ts' {
  interface Configuration extends Variables {}
  interface Policies extends Record<keyof typeof pictureLimits, true> {}
}
