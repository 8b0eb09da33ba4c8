/** The roles of an account. src/auth/policy.ts has the permissions of each role. */
export const roles = ['user', 'moderator', 'admin'] as const
export type Role = (typeof roles)[number]
