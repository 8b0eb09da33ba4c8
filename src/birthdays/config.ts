export const birthdayLimits = {
  feed: { quota: 60, windowSeconds: 3600 },
  unsubscribe: { quota: 60, windowSeconds: 60 },
}

declare module '../platform/config/configuration.ts' {
  interface Policies extends Record<keyof typeof birthdayLimits, true> {}
}
