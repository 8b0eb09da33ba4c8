/** All of zod but its messages in other languages: see zod.ts, which alone imports this. */
export * from 'zod/v4'
// A module's own names hide those of `export *`. These three hold the messages, and nobody uses them at run time.
export const core = {}
export const locales = {}
export const z = {}
