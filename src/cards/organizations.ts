import type { Card, Line, Organization } from './card.ts'
import { decodedValue, orNull, splitEscaped, textOf, unescapeText } from './values.ts'

/** An organization and the lines that say it: ORG, TITLE and ROLE (RFC 6350, sections 6.6.1, 6.6.2 and 6.6.4). */
export interface OrganizationLines {
  readonly organization: Organization
  readonly org: Line | undefined
  readonly title: Line | undefined
  readonly role: Line | undefined
}

/** What an ORG says: the name, and its units. */
export function readOrg(line: Line): Pick<Organization, 'name' | 'units'> {
  const [name, ...units] = splitEscaped(decodedValue(line), ';').map((piece) => orNull(unescapeText(piece)))
  return { name: name ?? null, units: units.filter((unit) => unit !== null) }
}

/**
 * Which organization each TITLE or ROLE belongs to. One in the group of an ORG is that one's. One in a group without an
 * ORG stands by itself, with what else is in its group. All others belong, in order, to those that have none.
 */
function assign(lines: readonly Line[], orgs: readonly { readonly org: Line | undefined; readonly group: string }[]) {
  const assigned = new Map<number, Line>()
  const rest: Line[] = []
  for (const line of lines) {
    const own = line.group === '' ? -1 : orgs.findIndex(({ group }) => group === line.group.toUpperCase())
    if (own >= 0 && !assigned.has(own)) assigned.set(own, line)
    else rest.push(line)
  }
  let next = 0
  for (const line of rest) {
    while (assigned.has(next)) next++
    assigned.set(next, line)
  }
  return assigned
}

/** The lines of that name that have a value; of translations (ALTID, RFC 6350, section 5.4) the first. */
export function valuedLines(card: Card, isOne: (line: Line) => boolean): Line[] {
  const seen = new Set<string>()
  return card.lines.filter((line) => {
    if (!isOne(line)) return false
    const altid = altidOf(line)
    if (altid === undefined) return true
    if (seen.has(altid)) return false
    seen.add(altid)
    return true
  })
}

/** What translations of one another have in common; undefined for a line that has none. */
export const altidOf = (line: Line): string | undefined => {
  const altid = line.params.find(({ name }) => name === 'ALTID')?.values[0]
  return altid === undefined ? undefined : `${line.name} ${altid}`
}

/** The organizations of a card, with their lines. */
export function readOrganizations(card: Card): OrganizationLines[] {
  const orgs: { org: Line | undefined; group: string }[] = valuedLines(
    card,
    (line) => line.name === 'ORG' && (readOrg(line).name !== null || readOrg(line).units.length > 0),
  ).map((org) => ({ org, group: org.group.toUpperCase() || ' ' }))
  const linesOf = (name: string): Line[] =>
    valuedLines(card, (line) => line.name === name && orNull(textOf(line)) !== null)
  const [titles, roles] = [linesOf('TITLE'), linesOf('ROLE')]
  for (const { group } of [...titles, ...roles]) {
    const own = group.toUpperCase()
    if (own !== '' && !orgs.some((one) => one.group === own)) orgs.push({ org: undefined, group: own })
  }
  const [titleOf, roleOf] = [assign(titles, orgs), assign(roles, orgs)]
  const count = Math.max(orgs.length, ...[...titleOf.keys(), ...roleOf.keys()].map((index) => index + 1))
  return Array.from({ length: count }, (_, index) => {
    const [org, title, role] = [orgs[index]?.org, titleOf.get(index), roleOf.get(index)]
    const { name, units } = org ? readOrg(org) : { name: null, units: [] }
    const organization = {
      name,
      units,
      title: title ? orNull(textOf(title)) : null,
      role: role ? orNull(textOf(role)) : null,
    }
    return { organization, org, title, role }
  })
}
