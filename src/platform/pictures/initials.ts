import { Buffer } from 'node:buffer'
import { html } from 'hono/html'
import { limitMarks } from '../text/fold.ts'

/** Dark enough for white letters (WCAG 2.2: contrast of at least 4.5). */
const colours = [
  '#b3261e',
  '#a0410d',
  '#7a5200',
  '#4f6200',
  '#2e6b2a',
  '#00695c',
  '#00658e',
  '#1f5fbf',
  '#4355b9',
  '#6b46c1',
  '#8e3a9d',
  '#a62a6b',
]

const letter = /[\p{L}\p{N}]/u

/** The first letters of the first and the last word of a name, in upper case; empty without letters. */
export function initialsOf(name: string): string {
  const words = limitMarks(name).normalize('NFC').split(/\s+/)
  const first = words.findIndex((word) => letter.test(word))
  const last = words.findLastIndex((word) => letter.test(word))
  return initialOf(words[first]) + (last > first ? initialOf(words[last]) : '')
}

const initialOf = (word = ''): string => capital(letter.exec(word)?.[0] ?? '')

// ß would become two letters.
const capital = (one: string): string => (one.toUpperCase().length === one.length ? one.toUpperCase() : one)

/**
 * The path of a picture with initials. The path contains everything that the picture shows, so drawing needs no I/O.
 */
export function initialsPath(name: string, id: number): string {
  return `/avatars/initials/${id % colours.length}${encoded(name)}.svg`
}

const cached = new Map<string, string>()
const maxKnown = 2000

/** A name's initials, encoded for a path. Cached by name, because lists repeat. */
function encoded(name: string): string {
  const before = cached.get(name)
  if (before !== undefined) return before
  const initials = initialsOf(name)
  const made = initials && `-${Buffer.from(initials).toString('base64url')}`
  if (cached.size >= maxKnown) cached.clear()
  cached.set(name, made)
  return made
}

/** Draws the picture of a file name; undefined if {@link initialsPath} did not make the name. */
export function drawInitials(file: string): string | undefined {
  const [, number, encoded = ''] = file.match(/^(\d{1,2})(?:-([\w-]{1,12}))?\.svg$/) ?? []
  const colour = number === undefined ? undefined : colours[Number(number)]
  const letters = Buffer.from(encoded, 'base64url').toString()
  if (colour === undefined || !/^[\p{L}\p{N}]{0,2}$/u.test(letters)) return undefined
  return String(
    html`<svg xmlns="http://www.w3.org/2000/svg" width="250" height="250" viewBox="0 0 250 250"><rect width="250" height="250" fill="${colour}"/>${
      letters === ''
        ? html`<circle cx="125" cy="95" r="45" fill="#fff"/><path d="M35 230a90 80 0 0 1 180 0z" fill="#fff"/>`
        : html`<text x="125" y="125" dy=".35em" text-anchor="middle" font-family="system-ui, sans-serif" font-size="104" fill="#fff">${letters}</text>`
    }</svg>`,
  )
}
