import type { z } from 'zod'
import { parseAuthor } from '../books/author.ts'
import { isStoredRow } from '../contacts/table.ts'
import { toContact, toContactDetails } from '../contacts/view.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import type { ChangeRow } from './changes-store.ts'
import type { Restored } from './restore.ts'
import type { restoredSchema, trashEntrySchema, versionSchema } from './schema.ts'
import type { TrashRow } from './trash-store.ts'
import type { VersionRow } from './versions-store.ts'

/** A change in the form of the response. */
export const toChange = ({ id, contact }: ChangeRow, config: Configuration) => ({
  id,
  contact: contact && (isStoredRow(contact) ? toContactDetails(contact, config) : toContact(contact, config)),
})

/** An entry of the trash in the form of the response. */
export const toTrashEntry = (
  { contact, removed_at, removed_by, merged }: TrashRow,
  config: Configuration,
): z.infer<typeof trashEntrySchema> => ({
  id: contact.id,
  contact: toContact(contact, config),
  deleted_at: removed_at,
  deleted_by: parseAuthor(removed_by),
  merged_into: merged?.into ?? null,
})

/** A contact that was restored, in the form of the response. */
export const toRestored = (
  { row, into, unmerged }: Restored,
  config: Configuration,
): z.infer<typeof restoredSchema> => ({
  ...toContactDetails(row, config),
  ...(into === undefined ? {} : { into }),
  ...(unmerged === undefined ? {} : { unmerged: [...unmerged] }),
})

/** A version of a contact in the form of the response. */
export const toVersion = (
  { contact, changed_at, changed_by }: VersionRow,
  config: Configuration,
): z.infer<typeof versionSchema> => ({
  revision: contact.revision,
  contact: toContactDetails(contact, config),
  changed_at,
  changed_by: parseAuthor(changed_by),
})
