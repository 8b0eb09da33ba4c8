/**
 * Replaces `zod` in the bundle (`[alias]` in wrangler.toml): all of zod except its messages in other languages. They
 * are never shown, but esbuild cannot drop them, because a library takes zod as one object. No file imports this one.
 */
export * from './zod-members.ts'
export * as z from './zod-members.ts'
