import { fold } from '../platform/fold.ts'

/** The digits of a phone number, in any script's digits that NFKD makes plain. */
export const digits = (phone: string): string => phone.normalize('NFKD').replace(/\D/g, '')

/** How much of a name it is sorted by. */
const maxSortKey = 200

/** What a contact without a birthday sorts as: after every `MM-DD`. */
export const noBirthday = '~'

/** The derived columns of a contact: what lists are filtered and sorted by. Recomputed on every write. */
export function searchKeys(contact: {
  first_name: string | null
  last_name: string | null
  email: string | null
  phone: string | null
  birthday: string | null
}) {
  return {
    first_name_key: fold(contact.first_name ?? ''),
    last_name_key: fold(contact.last_name ?? ''),
    email_key: fold(contact.email ?? ''),
    phone_key: digits(contact.phone ?? ''),
    // Lists are sorted by it and cursors hold it; NFKD can make eighteen characters of one.
    name_key: fold(fullName(contact)).slice(0, maxSortKey).toWellFormed(),
    birthday_key: contact.birthday?.slice(-5) ?? noBirthday,
  }
}

/** First and last name, as far as there are any. */
export function fullName({ first_name, last_name }: { first_name: string | null; last_name: string | null }): string {
  return [first_name, last_name].filter((part) => part !== null).join(' ')
}
