import type { Configuration, Permission } from '../platform/config/configuration.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Role } from '../users/config.ts'
import type { Scope } from './credential.ts'

const ownContacts = ['contacts:read', 'contacts:create', 'contacts:update', 'contacts:delete'] as const

/**
 * The permissions of each role, unless `ROLE_PERMISSIONS` replaces them. No permission gives access to another user's
 * contacts.
 */
const table: Readonly<Record<Role, readonly Permission[]>> = {
  user: ownContacts,
  moderator: [...ownContacts, 'users:read', 'users:disable'],
  admin: [...ownContacts, 'users:read', 'users:disable', 'users:role', 'users:delete', 'events:read', 'outbox:manage'],
}

/** Whether a role has a permission in this deployment. */
export const isPermitted = (role: Role, permission: Permission, config: Configuration): boolean =>
  (config.ROLE_PERMISSIONS[role] ?? table[role]).includes(permission)

/** 403 for an app password whose scope does not include the route. */
export const appPasswordNotPermitted = ({ name, scope }: { readonly name: string; readonly scope: Scope }): Problem =>
  new Problem(
    403,
    'not-permitted',
    `The app password “${name}” (${scope}) does not allow this: log in for it, or make an app password of another scope.`,
  )

/** 403 for a signed-in user whose role does not have the permission. */
export const notPermitted = (anyOf: readonly Permission[]): Problem =>
  new Problem(403, 'not-permitted', `Your role does not allow this (${anyOf.join(' or ')}): ask who runs the service.`)
