/** Ids that are no other value of a recorded query, so that a replay can replace them by another user's. */
export const marks = {
  user: 5_000_001,
  contact: 9_000_001,
  session: 7_000_001,
  generation: 1_000_003,
  revision: 1_000_033,
} as const

/** The contact that `create` adds. */
export const sampleContact = {
  first_name: 'Леся',
  last_name: 'Українка',
  email: 'lesia@example.com',
  phone: '+380 67 123 45 67',
  birthday: '1871-02-25',
  additional: 'Met at the theatre in Kyiv; write before the first snow.',
  favorite: false,
}
