import { duration, table } from '../config/kinds.ts'

/** At most `quota` requests in any `windowSeconds`. */
export interface Quota {
  readonly quota: number
  readonly windowSeconds: number
}

const maxQuota = 1000
const maxWindowSeconds = 7 * 86_400

/** `contacts-create=2/5s,contacts-read=120/60s` over the defaults of all features. */
export const rateLimits = (defaults: Readonly<Record<string, Quota>>) =>
  table(defaults, (entry) => {
    const [, name = '', quotaText, windowText = ''] =
      entry.match(/^([a-z-]+)=([1-9]\d{0,5})\/([1-9]\d{0,8}[smhd])$/) ?? []
    const window = duration.safeParse(windowText)
    const quota = Number(quotaText)
    if (!window.success) return { fault: 'is not of the form contacts-create=2/5s' }
    if (!Object.hasOwn(defaults, name)) {
      return { fault: `names no policy; there are ${Object.keys(defaults).join(', ')}` }
    }
    if (quota > maxQuota || window.data > maxWindowSeconds) {
      return { fault: `is out of bounds: at most ${maxQuota} in at most 7d` }
    }
    return { name, value: { quota, windowSeconds: window.data } }
  })

declare module '../config/configuration.ts' {
  interface Configuration {
    readonly RATE_LIMITS: Readonly<Record<PolicyName, Quota>>
  }
}
