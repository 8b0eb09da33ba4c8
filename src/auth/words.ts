/** Messages of routes that send letters or open their links, shared by all paths of these routes. */
export const confirmationRequested =
  'If an account with this address is waiting to be confirmed, a letter is on its way.'
export const resetRequested = 'If there is an account with this address, a letter is on its way.'
export const confirmedDetail = 'Your address is confirmed: you can log in.'
