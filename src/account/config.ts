export const accountLimits = {
  account: { quota: 60, windowSeconds: 60 },
  'email-change': { quota: 3, windowSeconds: 3600 },
}

declare module '../platform/config/configuration.ts' {
  interface Policies extends Record<keyof typeof accountLimits, true> {}
}
