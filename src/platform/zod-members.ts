/** All of zod except its messages in other languages. Only zod.ts imports this file: see there. */
export * from 'zod/v4'
// A module's own exports hide those of `export *`. These three contain the messages, and nothing uses them at run time.
export const core = {}
export const locales = {}
export const z = {}
