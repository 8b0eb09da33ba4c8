/**
 * CSV files of address books: from octets to cards, and from cards to Google's columns. This folder promises that no
 * cell is lost: what no column of ours means becomes a custom property or part of the note, and the row's `notes` say
 * which. It knows no database and no HTTP. Errors: `CsvFault` for a file that cannot be read; a row that cannot be read
 * has a `fault`, and the others are read. Nothing else is thrown.
 */

/** A file that cannot be read. The message is a sentence for a person, and says what to do. */
export class CsvFault extends Error {
  override readonly name = 'CsvFault'
}

/**
 * What a column may stand for, also in a mapping. The names are those of the API's members; a part stands after the
 * dot.
 */
export const csvFields = [
  ...['full_name', 'first_name', 'last_name'],
  ...['name.prefix', 'name.middle', 'name.suffix', 'name.nickname', 'name.phonetic_first', 'name.phonetic_last'],
  ...['email', 'phone', 'url', 'messenger', 'relation', 'date', 'custom'],
  ...['address.formatted', 'address.street', 'address.extended', 'address.po_box', 'address.city', 'address.region'],
  ...['address.postal_code', 'address.country'],
  ...['organization.name', 'organization.unit', 'organization.title', 'organization.role'],
  ...['birthday', 'birthday.year', 'birthday.month', 'birthday.day', 'additional', 'labels'],
] as const

export type CsvField = (typeof csvFields)[number]

/**
 * Which columns stand for what: a field of `csvFields`, for the lists with a label after a colon (`phone:work fax`;
 * for a messenger its service); null leaves a column out. Columns that are not named are recognized as usual.
 */
export type CsvMapping = Readonly<Record<string, string | null>>

/** What a column stands for. */
export interface Column {
  /** As it stands in the header. */
  readonly name: string
  /** Undefined for a column that nothing is recognized in; null for one that a mapping leaves out. */
  readonly field: CsvField | null | undefined
  /** Columns of one address, organization, phone, … have the same. */
  readonly slot: string
  /** The label that the column's name says. */
  readonly label: string | null
  /** Whether the cells are the value of the slot, its label, or a messenger's service. */
  readonly says: 'value' | 'label' | 'service'
}

/** Fields that may have a label. */
const labeled = /^(email|phone|url|messenger|relation|date|custom|address\..*)$/

/**
 * The field and the label that a mapping names for a column.
 * @throws CsvFault for one that is none
 */
export function readTarget(target: string): Pick<Column, 'field' | 'label'> {
  const [name = '', ...rest] = target.split(':')
  const field = csvFields.find((one) => one === name.trim())
  const label = rest.join(':').trim() || null
  if (field === undefined) {
    throw new CsvFault(`The mapping has “${target}”, which is no field. Choose one of: ${csvFields.join(', ')}.`)
  }
  if (label !== null && !labeled.test(field)) {
    throw new CsvFault(`The mapping has “${target}”, but ${field} has no labels. Write “${field}”.`)
  }
  return { field, label }
}
