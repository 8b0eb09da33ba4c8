/**
 * What the bundle has in place of `zod` (`[alias]` in wrangler.toml): all of it but its messages in other languages.
 * Nothing shows those, and esbuild leaves them in, because a library takes zod as one object. Nobody imports this file.
 */
export * from './zod-members.ts'
export * as z from './zod-members.ts'
