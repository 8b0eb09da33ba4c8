import type { AddressInput, CardChanges, OrganizationInput } from '../../cards/card.ts'
import { readLabel, splitCell } from './cells.ts'
import { customName, readCustomLabel } from './customs.ts'
import type { Column, CsvField } from './fields.ts'

/** Columns of a row that belong together: an address, or a phone and its label. */
export interface Slot {
  readonly kind: string
  readonly label: string | null
  /** The cell that says the label. */
  labelCell: string | undefined
  /** The cell that says a messenger's service. */
  serviceCell: string | undefined
  readonly cells: Map<CsvField, string>
}

/** `address` of `address.city`; a field without a dot is its own. */
const kindOf = (field: CsvField): string => field.split('.')[0] ?? field

/** Puts a cell into its slot. Two cells of the same field are joined. */
export function addToSlot(slots: Map<string, Slot>, { slot, label, says, field }: Column, cell: string): void {
  if (!field) return
  const kind = kindOf(field)
  const key = `${kind} ${slot}`
  const one = slots.get(key) ?? { kind, label, labelCell: undefined, serviceCell: undefined, cells: new Map() }
  slots.set(key, one)
  if (says === 'label') one.labelCell = cell
  else if (says === 'service') one.serviceCell = cell
  else one.cells.set(field, [one.cells.get(field), cell].filter((text) => text !== undefined).join(', '))
}

/** A slot's values, each with its label: several where a cell of Google's has several. */
interface Value {
  readonly label: string | null
  readonly isPrimary: boolean
  readonly parts: ReadonlyMap<CsvField, string>
}

function valuesOf({ kind, label, labelCell, cells }: Slot, isGoogle: boolean): Value[] {
  const split = (cell: string): string[] => (isGoogle ? splitCell(cell) : [cell.trim()])
  const pieces = [...cells].map(([field, cell]) => [field, split(cell)] as const)
  const count = Math.max(0, ...pieces.map(([, list]) => list.length))
  const labels = labelCell === undefined ? [label ?? ''] : split(labelCell)
  return Array.from({ length: count }, (_, index) => {
    const text = (labels.length === 1 ? labels[0] : labels[index]) ?? ''
    return {
      label: (kind === 'custom' ? text : text.replace(/^\*\s*/, '')) || null,
      isPrimary: isGoogle && text.startsWith('*'),
      parts: new Map(pieces.flatMap(([field, list]) => (list[index] ? [[field, list[index]] as const] : []))),
    }
  }).filter(({ parts }) => parts.size > 0)
}

type Lists = {
  -readonly [K in 'emails' | 'phones' | 'urls' | 'messengers' | 'dates' | 'relations' | 'custom']-?: Exclude<
    NonNullable<CardChanges[K]>,
    never
  >[number][]
}

/** What the slots of a row say. */
export interface SlotFields extends Lists {
  readonly addresses: AddressInput[]
  readonly organizations: OrganizationInput[]
  full_name: string | undefined
}

/** Several addresses of people who write them into one cell. */
const manyEmails = /^[^\s@;,]+@[^\s@;,]+(?:[;,\s]+[^\s@;,]+@[^\s@;,]+)+[;,\s]*$/

function addEmails(emails: SlotFields['emails'], text: string, { label, isPrimary }: Value, isGoogle: boolean): void {
  const primary = isPrimary && !emails.some((one) => one.primary)
  const list = !isGoogle && text.length < 5000 && manyEmails.test(text) ? text.split(/[;,\s]+/).filter(Boolean) : [text]
  for (const value of list) emails.push({ value, label: label && readLabel(label), primary })
}

interface Part {
  readonly name: string | undefined
  readonly title: string | undefined
  readonly role: string | undefined
  readonly units: string[]
}

type Organizations = Map<number, { -readonly [K in keyof Part]: Part[K] }>

const organizationAt = (organizations: Organizations, place: number) => {
  const one = organizations.get(place) ?? { name: undefined, title: undefined, role: undefined, units: [] }
  organizations.set(place, one)
  return one
}

function addOrganization(organizations: Organizations, slot: string, { cells }: Slot, isGoogle: boolean): void {
  const one = organizationAt(organizations, Number(slot) || 1)
  one.name = cells.get('organization.name') ?? one.name
  one.title = cells.get('organization.title') ?? one.title
  one.role = cells.get('organization.role') ?? one.role
  const units = cells.get('organization.unit')
  if (units !== undefined) one.units.push(...(isGoogle ? splitCell(units) : [units]))
}

function addCustom(fields: SlotFields, organizations: Organizations, text: string, label: string | null): void {
  const meaning = readCustomLabel(label ?? '')
  if (meaning.is === 'full name') fields.full_name = text
  else if (meaning.is === 'messenger') {
    fields.messengers.push({ value: text, service: meaning.service, label: meaning.label })
  } else if (meaning.is === 'custom') fields.custom.push({ name: meaning.name, value: text, label: meaning.label })
  else {
    const one = organizationAt(organizations, meaning.place)
    if (meaning.part === 'unit') one.units.push(text)
    else one[meaning.part] = text
  }
}

const addressParts = ['street', 'extended', 'po_box', 'city', 'region', 'postal_code', 'country'] as const

/** An address: of its parts, else the whole as it is written. */
function toAddress({ label, isPrimary, parts }: Value): AddressInput {
  const written = addressParts.map((part) => [part, parts.get(`address.${part}`)] as const)
  const isWhole = written.every(([, text]) => text === undefined)
  const own = isWhole ? { street: parts.get('address.formatted') } : Object.fromEntries(written)
  return { ...own, label: label && readLabel(label), primary: isPrimary }
}

/** Only the first that says so is primary. */
const withOnePrimary = (list: AddressInput[]): AddressInput[] => {
  const primary = list.findIndex((one) => one.primary)
  return list.map((one, index) => ({ ...one, primary: index === primary }))
}

/** What the slots of a row say, in the order of their columns. */
export function readSlots(slots: ReadonlyMap<string, Slot>, isGoogle: boolean): SlotFields {
  const organizations: Organizations = new Map()
  const fields: SlotFields = {
    ...{ emails: [], phones: [], urls: [], messengers: [], dates: [], relations: [], custom: [] },
    ...{ addresses: [], organizations: [], full_name: undefined },
  }
  const addresses: AddressInput[] = []
  for (const [key, slot] of slots) {
    if (slot.kind === 'organization') {
      addOrganization(organizations, key.replace('organization ', ''), slot, isGoogle)
      continue
    }
    for (const value of valuesOf(slot, isGoogle)) {
      const text = [...value.parts.values()][0] ?? ''
      const label = value.label && readLabel(value.label)
      if (slot.kind === 'address') addresses.push(toAddress(value))
      else if (slot.kind === 'email') addEmails(fields.emails, text, value, isGoogle)
      else if (slot.kind === 'phone') {
        const primary = value.isPrimary && !fields.phones.some((one) => one.primary)
        fields.phones.push({ value: text, label, primary })
      } else if (slot.kind === 'url') fields.urls.push({ value: text, label })
      else if (slot.kind === 'messenger') {
        // A column's name says the service: “Skype ID”.
        const { serviceCell } = slot
        const isFixed = serviceCell === undefined && slot.labelCell === undefined
        fields.messengers.push(
          isFixed ? { value: text, service: value.label } : { value: text, service: serviceCell ?? null, label },
        )
      } else if (slot.kind === 'relation') fields.relations.push({ value: text, label })
      else if (slot.kind === 'date') fields.dates.push({ value: text, label })
      else if (isGoogle) addCustom(fields, organizations, text, value.label)
      else fields.custom.push({ name: customName(value.label ?? ''), value: text, label: value.label })
    }
  }
  fields.addresses.push(...withOnePrimary(addresses))
  const places = [...organizations].toSorted(([a], [b]) => a - b)
  fields.organizations.push(...places.map(([, one]) => one))
  return fields
}
