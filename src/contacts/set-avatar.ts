import { isCredentialAlive } from '../auth/app-password-store.ts'
import type { Credential } from '../auth/credential.ts'
import { requireCredential } from '../auth/require-credential.ts'
import { type StoredPicture, storePicture } from '../platform/pictures/store.ts'
import { readUploadedPicture } from '../platform/pictures/upload.ts'
import type { Services } from '../platform/ports.ts'
import { cardWithoutPictures } from './content.ts'
import { setAvatarColumn } from './store.ts'
import type { StoredRow } from './table.ts'
import { type ContactTarget, findForWrite, writeContact } from './write.ts'

/** The contact whose picture changes, and the session or app password of the request. */
export interface AvatarTarget extends ContactTarget {
  /** Reading and storing a picture takes time. This must still be valid afterwards. */
  readonly credential: Credential
}

/**
 * Replaces the picture of a contact with an uploaded one, and removes the pictures of its vCard.
 * @throws Problem 401 if the session or app password ended meanwhile, 404, 409 `busy`, 412; what `readUploadedPicture`
 * and `storePicture` throw
 */
export async function setContactAvatar(services: Services, target: AvatarTarget, file: File): Promise<StoredRow> {
  // Checked first, so that nothing is stored for a contact that does not exist.
  await findForWrite(services, target)
  return writeAvatar(services, target, await storePicture(services, await readUploadedPicture(file)))
}

/**
 * Removes a contact's picture.
 * @throws Problem 401 if the session or app password ended meanwhile, 404, 409 `busy`, 412
 */
export const removeContactAvatar = (services: Services, target: AvatarTarget): Promise<StoredRow> =>
  writeAvatar(services, target, null)

function writeAvatar(services: Services, target: AvatarTarget, picture: StoredPicture | null): Promise<StoredRow> {
  const { db, config } = services
  const { ownerId, credential, author } = target
  const condition = isCredentialAlive(credential)
  return writeContact(services, target, async (row) => {
    const changed = await setAvatarColumn(db, ownerId, row, {
      picture,
      card: cardWithoutPictures(row),
      condition,
      author,
    })
    if (!changed) await requireCredential(db, credential, config)
    return changed
  })
}
