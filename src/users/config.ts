/** What an account may be. src/auth/policy.ts says what each role may do. */
export const roles = ['user', 'moderator', 'admin'] as const
export type Role = (typeof roles)[number]
