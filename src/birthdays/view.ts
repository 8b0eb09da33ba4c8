import type { z } from 'zod'
import type { ContactRow } from '../contacts/table.ts'
import { toContact } from '../contacts/view.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import type { upcomingSchema } from './schema.ts'
import type { NextBirthday } from './upcoming.ts'

/** A contact with its next birthday, as its owner sees it. */
export const toUpcomingBirthday = (
  row: ContactRow & NextBirthday,
  config: Configuration,
): z.infer<typeof upcomingSchema> => ({
  ...toContact(row, config),
  next_birthday: row.next_birthday,
  days_until: row.days_until,
  turns: row.turns,
})
