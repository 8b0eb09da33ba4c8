import type { Card, Line } from './card.ts'
import { type Format, parseLines } from './lines.ts'
import { altidOf } from './organizations.ts'

/** Lines that speak of the others of their group. */
const companions = new Set(['X-ABLABEL', 'X-ABADR'])

/**
 * A line after which another may stand: with its line break; and with one more where it ends in a soft break, by which
 * the next line would be part of it.
 */
function finished(line: Line, eol: string): Line {
  const ended = /[\r\n]$/.test(line.raw) ? line.raw : line.raw + eol
  // As a reader has it: of a line whose head is folded, it does not know that a soft break may end it.
  const isSoft = /=[\r\n]+$/.test(ended) && parseLines(`${ended}X:`).length === 1
  const raw = isSoft ? ended + eol : ended
  return raw === line.raw ? line : { ...line, raw }
}

/** A card that is being edited. Lines that are not named stay the objects that they are. */
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

  /** The card as it is now; the one that it was, where nothing changed. */
  get card(): Card {
    const { lines } = this.#card
    const isSame = lines.length === this.#lines.length && lines.every((line, index) => line === this.#lines[index])
    return isSame ? this.#card : { ...this.#card, lines: [...this.#lines] }
  }

  /** A group that no line has. */
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

  /**
   * Puts lines at an index; before END where it is left out. A line before them that the file's end cut gets its line
   * break.
   */
  insert(lines: readonly Line[], wanted = this.#end()): void {
    const index = Math.min(wanted, this.#end())
    const before = this.#lines[index - 1]
    if (before) this.#lines[index - 1] = finished(before, this.format.eol)
    this.#lines.splice(index, 0, ...lines)
  }

  /** The index after a line and those of its group that follow it. */
  after(line: Line): number {
    let at = this.#lines.indexOf(line) + 1
    while (line.group !== '' && this.#lines[at]?.group.toUpperCase() === line.group.toUpperCase()) at++
    return at
  }

  /** Removes a line, its translations (ALTID), and what speaks of nothing once it is gone. */
  remove(line: Line): void {
    const altid = altidOf(line)
    this.#lines = this.#lines.filter((one) => one !== line && (altid === undefined || altidOf(one) !== altid))
    const group = line.group.toUpperCase()
    const isOf = (one: Line): boolean => one.group.toUpperCase() === group
    if (group === '' || this.#lines.some((one) => isOf(one) && !companions.has(one.name))) return
    this.#lines = this.#lines.filter((one) => !isOf(one))
  }

  /** Goes back to lines that there were. */
  restore(lines: readonly Line[]): void {
    this.#lines = [...lines]
  }

  /** Removes a line and nothing else. */
  removeAlone(line: Line): void {
    this.#lines = this.#lines.filter((one) => one !== line)
  }

  #end(): number {
    const last = this.#lines.findLastIndex(({ name }) => name === 'END')
    return last > 0 ? last : this.#lines.length
  }
}
