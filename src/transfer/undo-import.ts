import { sessionEnded } from '../auth/session.ts'
import type { Author } from '../books/author.ts'
import { parseAuthor } from '../books/author.ts'
import { labelsOfKey } from '../contacts/labels-key.ts'
import { createRow } from '../contacts/store.ts'
import type { StoredRow } from '../contacts/table.ts'
import { busy } from '../contacts/write.ts'
import { writeWithinBounds } from '../contacts/write-within-bounds.ts'
import { contentOfStored, type StoredContact } from '../history/stored-contact.ts'
import { timestamp } from '../platform/db/columns.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { findImport, type ImportRow, setImportState } from './import-store.ts'
import type { UndoOutcome } from './schema.ts'
import { importNotFound } from './start-import.ts'
import { findUndoPiece, type ImportedContact, type UndoPiece, writeUndo } from './undo-store.ts'
import type { ContactWrite } from './write-store.ts'

/** How many attempts a piece has if other requests write to the same account meanwhile. */
const attempts = 8

/** An import after some of its contacts were undone, and how many cards had each outcome. */
export interface UndoProgress {
  readonly row: ImportRow
  readonly counts: Readonly<Record<UndoOutcome, number>>
}

/**
 * Takes an import back: moves the contacts that it added to the trash, and restores those that it changed. A contact
 * that changed since the import stays as it is. Continues an undo that was begun. An import that was undone is left.
 * @throws Problem 404; 409 `import-running`, `import-too-old`, `busy`; 401 if the owner is gone
 */
export async function undoImport(services: Services, ownerId: number, id: number): Promise<UndoProgress> {
  const { db } = services
  const row = await findImport(db, ownerId, id)
  if (!row) throw importNotFound()
  if (row.state === 'expired') throw tooOld()
  if (row.state === 'running') throw stillRunning()
  if (row.state === 'done') await setImportState(db, ownerId, id, 'done', 'undoing')
  return continueUndo(services, { ...row, state: row.state === 'undone' ? 'undone' : 'undoing' })
}

const tooOld = (): Problem =>
  new Problem(409, 'import-too-old', 'This import can no longer be undone: that is possible for 30 days.')

const stillRunning = (): Problem =>
  new Problem(409, 'import-running', 'This import is not finished. Continue it, and undo it then.')

/** Undoes the next contacts of an import, as many pieces as one request may (`IMPORT_PIECES`). */
export async function continueUndo(services: Services, row: ImportRow): Promise<UndoProgress> {
  const counts: Record<UndoOutcome, number> = { undone: 0, 'changed-since': 0 }
  let present = row
  for (let left = services.config.IMPORT_PIECES; left > 0 && present.state === 'undoing'; left--) {
    const step = await undoPiece(services, present)
    for (const undo of step.outcomes) counts[undo]++
    present = step.row
  }
  return { row: present, counts }
}

interface UndoStep {
  readonly row: ImportRow
  readonly outcomes: readonly UndoOutcome[]
}

/** Undoes a piece, and returns the outcome of each of its cards. The write is the last query. */
function undoPiece(services: Services, { owner_id: ownerId, id }: ImportRow): Promise<UndoStep> {
  return retryOnConflict(
    async () => {
      const row = await findImport(services.db, ownerId, id)
      if (!row) throw sessionEnded()
      if (row.state !== 'undoing') return { row, outcomes: [] }
      const piece = await findUndoPiece(services.db, ownerId, row)
      if (!piece) throw sessionEnded()
      const undoable = piece.contacts.filter((contact) => isUnchanged(piece, contact))
      const author: Author = { kind: 'import', id, name: parseAuthor(row.created_by)?.name ?? null }
      const restored = undoable.filter(({ wasAdded }) => !wasAdded)
      const added = undoable.filter(({ wasAdded }) => wasAdded)
      const first = piece.number + 1
      const writes = restored.flatMap((contact, at) => {
        const [before, present] = [piece.before.get(contact.id), piece.rows.get(contact.id)]
        if (!before || !present) return []
        // A star that was set or taken away since stays so. It leaves no version, but a revision.
        const favorite = present.revision === contact.lastRevision ? before.favorite : present.favorite
        return [toWrite(services, ownerId, { ...before, favorite }, present, first + at)]
      })
      const deletions = added.map(({ id: contactId }) => ({ id: contactId }))
      const outcomes = piece.contacts.flatMap((contact) => {
        const undo: UndoOutcome = undoable.includes(contact) ? 'undone' : 'changed-since'
        return contact.lines.map((line) => ({ line, undo }))
      })
      const write = () => writeUndo(services.db, { row, piece, deletions, writes, outcomes, author })
      const undone = await writeWithinBounds(services, ownerId, write)
      return undone && { row: undone, outcomes: outcomes.map(({ undo }) => undo) }
    },
    busy,
    attempts,
  )
}

/**
 * Returns whether nobody but the import has changed what is shown of a contact since it began to. Every such change
 * leaves a version; stars and labels of groups do not.
 */
function isUnchanged(piece: UndoPiece, { id, firstRevision, lastRevision, wasAdded }: ImportedContact): boolean {
  if (!piece.rows.has(id) || (piece.newestVersions.get(id) ?? 0) >= lastRevision || piece.changedBetween.has(id))
    return false
  return wasAdded || piece.before.get(id)?.revision === firstRevision - 1
}

/** Makes the write that restores a contact to what it was before the import. */
function toWrite(
  { config }: Services,
  ownerId: number,
  before: StoredContact,
  present: StoredRow,
  seq: number,
): ContactWrite {
  const content = contentOfStored(before)
  const groups = labelsOfKey(present.group_labels)
  return {
    ...{ id: present.id, seq, bookId: present.book_id, parts: [], avatar: before.avatar, members: content.members },
    values: createRow(ownerId, content, config.SORT_LOCALE, timestamp(), groups),
    // The version that this write leaves shows the picture of the import, so nothing is marked for deletion.
    hasNewAvatar: false,
    wasGroup: present.is_group,
  }
}
