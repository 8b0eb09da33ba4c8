import { requireFreeUid, requireRoomForGroup } from '../contacts/create.ts'
import { findContact, replaceByCard } from '../contacts/store.ts'
import type { StoredRow } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import { placeOf } from '../contacts/uid-store.ts'
import { type ContactTarget, contactNotFound, writeContact, writerOf } from '../contacts/write.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { contentOfStored } from './stored-contact.ts'
import { findVersion, listVersions, type VersionRow } from './versions-store.ts'

const noVersion = (): Problem =>
  new Problem(404, 'not-found', 'The history of this contact has no such revision. It has the last 20 versions.')

/**
 * Lists the earlier versions of a contact, newest first.
 * @throws Problem 404 if there is no such contact
 */
export async function listHistory({ db }: Services, ownerId: number, id: number): Promise<VersionRow[]> {
  const [row, versions] = await Promise.all([findContact(db, ownerId, id), listVersions(db, ownerId, id)])
  if (!row) throw contactNotFound()
  return versions
}

/**
 * Restores a contact to an earlier version: its vCard or its fields, and its picture. Its favourite flag and its book
 * do not change. The present state becomes a version.
 * @throws Problem 404 if there is no such contact or version; 409 `book-full`, `busy`, `uid-taken`; 412
 */
export function restoreVersion(services: Services, target: ContactTarget, revision: number): Promise<StoredRow> {
  const { db } = services
  const { ownerId, id } = target
  return writeContact(services, target, async (row) => {
    const version = await findVersion(db, ownerId, id, revision)
    if (!version) throw noVersion()
    const content = contentOfStored({ ...version, favorite: row.favorite })
    // Also if the version has no UID: another contact may have the UID that would be generated.
    await requireFreeUid(db, ownerId, uidOf({ ...row, uid: content.uid }), placeOf(row))
    await requireRoomForGroup(db, ownerId, content, row)
    const picture = version.avatar === null ? null : { picture: version.avatar }
    const replacement = { content, parts: [], picture: version.avatar === row.avatar ? undefined : picture }
    return replaceByCard(db, ownerId, row, replacement, writerOf(services, target))
  })
}
