/** Three colons, and no more: what Google puts between several values of one cell. */
const separator = /(?<![:\\]):::(?!:)/

/** The values of a cell of Google's. A separator that belongs to a value has a backslash before it. */
export const splitCell = (cell: string): string[] =>
  cell.includes(':::')
    ? cell.split(separator).map((piece) => piece.replaceAll(/\\:::(?!:)/g, ':::').trim())
    : [cell.trim()]

/** The cell that has those values. */
export const joinCell = (values: readonly string[]): string =>
  values.map((value) => value.replaceAll(/(?<!:):::(?!:)/g, '\\:::')).join(' ::: ')

/** What a spreadsheet runs as a formula; with the quotes that keep it from that. */
const formula = /^'*[=+\-@\t\r]/

/** A number that begins with a plus: a spreadsheet can make a number of it, and nothing else. */
const internationalNumber = /^\+[\d ()./:+-]*$/

/** A cell as it is written: one that a spreadsheet would run gets a quote. */
export const guardCell = (cell: string, isPhone = false): string =>
  formula.test(cell) && !(isPhone && internationalNumber.test(cell)) ? `'${cell}` : cell

/** A cell as it was before `guardCell`. */
export const unguardCell = (cell: string): string =>
  cell.startsWith("'") && formula.test(cell) ? cell.replace("'", '') : cell

/** Prints a cell (RFC 4180, section 2). */
export const printCell = (cell: string): string =>
  /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell

/** Labels that programs spell with capitals and cards without. */
const usual = new Set(
  (
    'home,work,other,mobile,main,pager,fax,home fax,work fax,other fax,home mobile,work mobile,car,assistant,school,' +
    'home page,profile,blog,anniversary,spouse,partner,child,mother,father,parent,brother,sister,friend,relative,' +
    'manager,son,daughter,domestic partner,referred by'
  ).split(','),
)

/** A label of a file, as cards have it. */
export const readLabel = (label: string): string | null => {
  const lower = label.toLowerCase()
  return (usual.has(lower) ? lower : label.trim()) || null
}

/** A label of a card, as Google writes it. A star before it would say that its value is the primary one. */
export const writeLabel = (label: string | null): string => {
  const plain = (label ?? '').replace(/^[*\s]+/, '')
  return usual.has(plain) ? plain.replaceAll(/(?<!\S)\S/g, (first) => first.toUpperCase()) : plain
}
