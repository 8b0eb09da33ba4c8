/** What keeps the service from starting, in words for the person who started it. */
export class StartError extends Error {}
