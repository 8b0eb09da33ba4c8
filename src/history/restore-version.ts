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
  new Problem(404, 'not-found', 'The history of this contact has no such revision: the last 20 versions are kept.')

/**
 * Lists what a contact was before its last changes, the newest first.
 * @throws Problem 404 where there is no such contact
 */
export async function listHistory({ db }: Services, ownerId: number, id: number): Promise<VersionRow[]> {
  const [row, versions] = await Promise.all([findContact(db, ownerId, id), listVersions(db, ownerId, id)])
  if (!row) throw contactNotFound()
  return versions
}

/**
 * Makes a contact what it was at a revision: its vCard or its fields, and its picture. Whether it is a favourite stays
 * as it is, and so does the book that it is in. What it is now becomes a version.
 * @throws Problem 404 for no such contact or version; 409 `book-full`, `busy`, `uid-taken`; 412
 */
export function restoreVersion(services: Services, target: ContactTarget, revision: number): Promise<StoredRow> {
  const { db } = services
  const { ownerId, id } = target
  return writeContact(services, target, async (row) => {
    const version = await findVersion(db, ownerId, id, revision)
    if (!version) throw noVersion()
    const content = contentOfStored({ ...version, favorite: row.favorite })
    // Also where the version has none: the UID that it then has may be another's by now.
    await requireFreeUid(db, ownerId, uidOf({ ...row, uid: content.uid }), placeOf(row))
    await requireRoomForGroup(db, ownerId, content, row)
    const picture = version.avatar === null ? null : { picture: version.avatar }
    const replacement = { content, parts: [], picture: version.avatar === row.avatar ? undefined : picture }
    return replaceByCard(db, ownerId, row, replacement, writerOf(services, target))
  })
}
