import type { Card, Line } from './card.ts'
import { type Format, parseLines } from './lines.ts'
import { altidOf } from './organizations.ts'

/** Properties that describe other lines of their group. */
const companions = new Set(['X-ABLABEL', 'X-ABADR'])

/**
 * Completes a line so that another can follow: adds a missing line break, and one more if the line ends in a soft
 * break, which would continue it on the next line.
 */
function finished(line: Line, eol: string): Line {
  const ended = /[\r\n]$/.test(line.raw) ? line.raw : line.raw + eol
  // Asks the parser, which does not recognize a soft break if the head of the line is folded.
  const isSoft = /=[\r\n]+$/.test(ended) && parseLines(`${ended}X:`).length === 1
  const raw = isSoft ? ended + eol : ended
  return raw === line.raw ? line : { ...line, raw }
}

/** A card that is being edited. Lines that are not edited stay the same objects. */
export class Draft {
  readonly format: Format
  readonly #card: Card
  #lines: Line[]
  #groups = 0

  constructor(card: Card) {
    this.#card = card
    this.#lines = [...card.lines]
    const [eol = '\r\n'] = /(?:\r?\n|\r)$/.exec(card.lines[0]?.raw ?? '') ?? []
    this.format = { version: card.version ?? '3.0', eol }
    for (const { group } of card.lines) {
      this.#groups = Math.max(this.#groups, Number(/^item(\d{1,6})$/i.exec(group)?.[1] ?? 0))
    }
  }

  /** The edited card; the original object if nothing changed. */
  get card(): Card {
    const { lines } = this.#card
    const isSame = lines.length === this.#lines.length && lines.every((line, index) => line === this.#lines[index])
    return isSame ? this.#card : { ...this.#card, lines: [...this.#lines] }
  }

  /** Makes a group name that no line has. */
  newGroup(): string {
    this.#groups++
    return `item${this.#groups}`
  }

  indexOf(line: Line): number {
    return this.#lines.indexOf(line)
  }

  replace(line: Line, next: Line): void {
    this.replaceAt(this.#lines.indexOf(line), next)
  }

  replaceAt(index: number, next: Line): void {
    this.#lines[index] = next
  }

  /** Inserts lines at an index, by default before END, and completes the line before them. */
  insert(lines: readonly Line[], wanted = this.#end()): void {
    const index = Math.min(wanted, this.#end())
    const before = this.#lines[index - 1]
    if (before) this.#lines[index - 1] = finished(before, this.format.eol)
    this.#lines.splice(index, 0, ...lines)
  }

  /** The index after a line and the lines of its group that follow it. */
  after(line: Line): number {
    let at = this.#lines.indexOf(line) + 1
    while (line.group !== '' && this.#lines[at]?.group.toUpperCase() === line.group.toUpperCase()) at++
    return at
  }

  /** Removes a line, its translations (ALTID), and lines that described only it. */
  remove(line: Line): void {
    const altid = altidOf(line)
    this.#lines = this.#lines.filter((one) => one !== line && (altid === undefined || altidOf(one) !== altid))
    const group = line.group.toUpperCase()
    const isOf = (one: Line): boolean => one.group.toUpperCase() === group
    if (group === '' || this.#lines.some((one) => isOf(one) && !companions.has(one.name))) return
    this.#lines = this.#lines.filter((one) => !isOf(one))
  }

  /** Restores earlier lines. */
  restore(lines: readonly Line[]): void {
    this.#lines = [...lines]
  }

  /** Removes only this line. */
  removeAlone(line: Line): void {
    this.#lines = this.#lines.filter((one) => one !== line)
  }

  #end(): number {
    const last = this.#lines.findLastIndex(({ name }) => name === 'END')
    return last > 0 ? last : this.#lines.length
  }
}
