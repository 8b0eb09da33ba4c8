export const adminPermissions = [
  'users:read',
  'users:disable',
  'users:role',
  'users:delete',
  'events:read',
  'outbox:manage',
] as const

declare module '../platform/config/configuration.ts' {
  interface Permissions extends Record<(typeof adminPermissions)[number], true> {}
}
