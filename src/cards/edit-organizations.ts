import { ChangeFault, type Line, type Organization, type OrganizationInput } from './card.ts'
import type { Draft } from './draft.ts'
import { arrange, matchEntries, maxMembers } from './edit-lists.ts'
import { rewriteLine } from './lines.ts'
import { type OrganizationLines, readOrg, readOrganizations } from './organizations.ts'
import { escapeText, orNull } from './values.ts'
import { newLine, setValue } from './write.ts'

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Trims the texts of an organization and removes empty units; null if nothing remains. */
export function cleanOrganization(input: OrganizationInput): Organization | null {
  const units = (input.units ?? []).map(orNull).filter((unit) => unit !== null)
  const [name, title, role] = [orNull(input.name), orNull(input.title), orNull(input.role)]
  return name || title || role || units.length > 0 ? { name, units, title, role } : null
}

const hasOrg = ({ name, units }: Organization): boolean => name !== null || units.length > 0

/** Makes the lines of an organization; existing lines keep their parameters. */
function writeOrganization(
  draft: Draft,
  wanted: Organization,
  entry: OrganizationLines | undefined,
): OrganizationLines {
  const { format } = draft
  const escaped = (text: string | null): string => escapeText(text ?? '', format.version)
  const text = (name: string, value: string | null, line: Line | undefined, before: string | null | undefined) => {
    if (value === null) return undefined
    if (!line) return newLine(name, escaped(value), format)
    return before === value ? line : setValue(line, escaped(value), format)
  }
  const value = [wanted.name, ...wanted.units].map(escaped).join(';')
  const isSame = entry?.org && equal(readOrg(entry.org), { name: wanted.name, units: wanted.units })
  const org = !hasOrg(wanted)
    ? undefined
    : entry?.org
      ? isSame
        ? entry.org
        : setValue(entry.org, value, format)
      : newLine('ORG', value, format)
  return {
    organization: wanted,
    org,
    title: text('TITLE', wanted.title, entry?.title, entry?.organization.title),
    role: text('ROLE', wanted.role, entry?.role, entry?.organization.role),
  }
}

const parts = ['org', 'title', 'role'] as const

/** Puts all lines of an organization into one group, which connects them. */
function group(draft: Draft, lines: OrganizationLines): OrganizationLines {
  const own = lines.org?.group || draft.newGroup()
  const inGroup = (line: Line | undefined): Line | undefined =>
    line && (line.group === own ? line : rewriteLine(line, { group: own }, draft.format))
  return { ...lines, org: inGroup(lines.org), title: inGroup(lines.title), role: inGroup(lines.role) }
}

/**
 * Changes the organizations of a card to the wanted ones, those with a name first. Unchanged lines stay. TITLE and ROLE
 * belong to the ORG at the same place; if they would be read differently, groups connect them.
 */
export function editOrganizations(draft: Draft, wanted: readonly Organization[]): void {
  if (wanted.length > maxMembers) {
    throw new ChangeFault(
      '/organizations',
      `There are ${wanted.length} here. A contact has at most ${maxMembers} of each kind.`,
    )
  }
  const before = readOrganizations(draft.card)
  const sorted = [...wanted.filter(hasOrg), ...wanted.filter((one) => !hasOrg(one))]
  if (
    equal(
      sorted,
      before.map(({ organization }) => organization),
    )
  )
    return
  const matches = matchEntries<Organization, OrganizationLines>(sorted, before, [
    (one, { organization }) => equal(one, organization),
    (one, { organization }) => hasOrg(one) && one.name === organization.name && equal(one.units, organization.units),
    (one, { organization }, isSamePlace) => isSamePlace && hasOrg(one) === hasOrg(organization),
  ])
  const former = draft.card.lines
  const write = (isGrouped: boolean): void => {
    const written = sorted.map((one, index) => writeOrganization(draft, one, matches[index]))
    const lines = isGrouped ? written.map((one) => group(draft, one)) : written
    for (const part of parts) {
      const pairs = lines.flatMap((one, index) => (one[part] ? [[one[part], matches[index]?.[part]] as const] : []))
      const stay = new Set(pairs.map(([, line]) => line))
      for (const entry of before) if (entry[part] && !stay.has(entry[part])) draft.remove(entry[part])
      arrange(
        draft,
        pairs.map(([line]) => line),
        pairs.map(([, line]) => line),
      )
    }
  }
  write(false)
  if (
    equal(
      readOrganizations(draft.card).map(({ organization }) => organization),
      sorted,
    )
  )
    return
  draft.restore(former)
  write(true)
}
