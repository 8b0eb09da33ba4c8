import type { Configuration, Permission } from '../platform/config/configuration.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Role } from '../users/config.ts'

const ownContacts = ['contacts:read', 'contacts:create', 'contacts:update', 'contacts:delete'] as const

/**
 * What each role may do, unless `ROLE_PERMISSIONS` says otherwise. A permission never reaches further than its route:
 * whatever the role, contacts are one's own.
 */
const table: Readonly<Record<Role, readonly Permission[]>> = {
  user: ownContacts,
  moderator: [...ownContacts, 'users:read', 'users:disable'],
  admin: [...ownContacts, 'users:read', 'users:disable', 'users:role', 'users:delete', 'events:read', 'outbox:manage'],
}

/** Whether a role has a permission in this deployment. */
export const isPermitted = (role: Role, permission: Permission, config: Configuration): boolean =>
  (config.ROLE_PERMISSIONS[role] ?? table[role]).includes(permission)

/** 403 for one who is signed in, but whose role does not allow this. */
export const notPermitted = (anyOf: readonly Permission[]): Problem =>
  new Problem(403, 'not-permitted', `Your role does not allow this (${anyOf.join(' or ')}): ask who runs the service.`)
