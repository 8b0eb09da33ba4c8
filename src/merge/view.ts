import type { z } from 'zod'
import { toContact } from '../contacts/view.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import type { DuplicateRows } from './list-duplicates.ts'
import type { duplicatesSchema } from './schema.ts'
import { partsOfSign } from './signs.ts'

/** Duplicates in the form of the response. */
export const toDuplicates = (
  { signs, rows }: DuplicateRows,
  config: Configuration,
): z.infer<typeof duplicatesSchema> => ({
  signs: signs.map(partsOfSign),
  contacts: rows.map((row) => toContact(row, config)),
})
