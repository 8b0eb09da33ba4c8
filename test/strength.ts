import { env } from 'cloudflare:workers'

/** How often something is tried: so many times by `npm test -- --full`, and so many otherwise. */
export const strength = (full: number, ordinary: number): number => (env.TEST_FULL === '1' ? full : ordinary)
