import { z } from 'zod'

/** What undoing a merge needs to know, in `removed.merge_undo`; the version before the merge has the rest. */
const undoSchema = z.object({
  /** The revision that the contact had before others were merged into it. */
  revision: z.int(),
  /** Whether it was a favourite then: versions come only of what a vCard has. */
  favorite: z.boolean(),
  /** Whether the merge left that version: not if it changed nothing that a version has. */
  version: z.boolean().default(false),
  /** The ids of the groups that it joined by the merge. */
  groups: z.array(z.int()),
})

export type MergeUndo = z.infer<typeof undoSchema>

/** Without `version`, which the write adds. */
export const serializeUndo = (undo: Omit<MergeUndo, 'version'>): string => JSON.stringify(undo)

export const parseUndo = (text: string): MergeUndo => undoSchema.parse(JSON.parse(text))
