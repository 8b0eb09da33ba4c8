import type { Line } from '../../cards/card.ts'
import { customKind } from '../../cards/kinds.ts'

export type OrganizationPart = 'name' | 'title' | 'unit' | 'role'

/** What a label of Google's “Custom Field” says. */
export type CustomMeaning =
  | { readonly is: 'custom'; readonly name: string; readonly label: string | null }
  | { readonly is: 'messenger'; readonly service: string | null; readonly label: string | null }
  | { readonly is: 'organization'; readonly part: OrganizationPart; readonly place: number }
  | { readonly is: 'full name' }

const fallback = 'X-CUSTOM'
const full = 'Full Name'
const organizationParts = { Organization: 'name', Title: 'title', Department: 'unit', Role: 'role' } as const
const organizationLabel = /^(Organization|Title|Department|Role)(?: ([1-9]\d?))?$/
const messengerLabel = /^IM(?: (.*?))?(?: \(([^()]*)\))?$/s
const propertyLabel = /^(X-[A-Z0-9-]{1,100})(?: \((.*)\))?$/is

/** The property for a column or a label of one's own: `X-FAVOURITE-COLOUR`; X-CUSTOM where ASCII cannot say it. */
export function customName(label: string): string {
  if (/[^\p{ASCII}]/u.test(label)) return fallback
  const words = label.toUpperCase().match(/[A-Z0-9]+/g) ?? []
  const own = words[0] === 'X' ? words.slice(1) : words
  const name = `X-${own.join('-').replaceAll(/-(?=\d)/g, '')}`
  return /^X-.{1,100}$/.test(name) && customKind.owns({ name } as Line) ? name : fallback
}

/** Reads the label of a custom field. */
export function readCustomLabel(text: string): CustomMeaning {
  if (text === full) return { is: 'full name' }
  const [, word, place] = organizationLabel.exec(text) ?? []
  if (word) {
    return { is: 'organization', part: organizationParts[word as 'Role'], place: Number(place ?? 1) }
  }
  const messenger = messengerLabel.exec(text)
  if (messenger) return { is: 'messenger', service: messenger[1] || null, label: messenger[2] || null }
  const [, name, label] = propertyLabel.exec(text) ?? []
  if (name && customKind.owns({ name: name.toUpperCase() } as Line)) return { is: 'custom', name, label: label || null }
  return { is: 'custom', name: customName(text), label: text || null }
}

/** The label that `readCustomLabel` reads as that. */
export function writeCustomLabel(meaning: CustomMeaning): string {
  if (meaning.is === 'full name') return full
  if (meaning.is === 'organization') {
    const [word] = Object.entries(organizationParts).find(([, part]) => part === meaning.part) ?? []
    return meaning.place === 1 ? `${word}` : `${word} ${meaning.place}`
  }
  const { label } = meaning
  if (meaning.is === 'messenger') {
    const service = meaning.service === null ? 'IM' : `IM ${meaning.service}`
    return label === null ? service : `${service} (${label})`
  }
  if (label === null) return meaning.name
  const alone = readCustomLabel(label)
  const says = alone.is === 'custom' && alone.name === meaning.name && alone.label === label
  return says ? label : `${meaning.name} (${label})`
}
