/** A contact and its signs (signs.ts). */
export interface SignedContact {
  readonly id: number
  readonly signs: readonly string[]
}

/** Contacts that seem to be one person, by id, and the signs that at least two of them share. */
export interface Duplicates {
  readonly ids: readonly number[]
  readonly signs: readonly string[]
}

/** Two contacts, the one with the lower id first. */
export type Pair = readonly [first: number, second: number]

const keyOf = ([first, second]: Pair): string => `${first}-${second}`

/**
 * Groups contacts that share a sign, directly or through others. No group has two contacts of which `distinct` says
 * that they are not the same person: where such a group would arise, the contacts that share a sign are a group of two
 * instead, so that a contact may be in several groups. Sorted by the lowest ids.
 */
export function groupBySigns(contacts: readonly SignedContact[], distinct: readonly Pair[]): Duplicates[] {
  const sharing = new Map<string, number[]>()
  for (const { id, signs } of contacts) for (const sign of signs) sharing.set(sign, [...(sharing.get(sign) ?? []), id])
  const apart = new Map<number, Set<number>>()
  for (const [first, second] of distinct) {
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const)
      apart.set(one, (apart.get(one) ?? new Set()).add(other))
  }
  const groups = new Map<number, Set<number>>(contacts.map(({ id }) => [id, new Set([id])]))
  const left = new Map<string, Pair>()
  const groupOf = (id: number): Set<number> => groups.get(id) ?? new Set([id])
  const isApart = (one: ReadonlySet<number>, other: ReadonlySet<number>): boolean => {
    const [few, many] = one.size < other.size ? [one, other] : [other, one]
    return [...few].some((id) => [...(apart.get(id) ?? [])].some((enemy) => many.has(enemy)))
  }
  for (const pair of [...sharing.values()].flatMap(pairsOf)) {
    const [one, other] = [groupOf(pair[0]), groupOf(pair[1])]
    if (one === other || apart.get(pair[0])?.has(pair[1])) continue
    if (isApart(one, other)) {
      left.set(keyOf(pair), pair)
      continue
    }
    const [few, many] = one.size < other.size ? [one, other] : [other, one]
    for (const id of few) groups.set(id, many.add(id))
  }
  const joined = [...new Set(groups.values())].filter(({ size }) => size > 1).map((ids) => [...ids])
  const all = [...joined, ...left.values()].map((ids) => ids.toSorted((one, other) => one - other))
  const signsOf = new Map(contacts.map(({ id, signs }) => [id, signs]))
  return all
    .map((ids) => ({ ids, signs: sharedSigns(ids.map((id) => signsOf.get(id) ?? [])) }))
    .toSorted(({ ids: [a = 0, b = 0] }, { ids: [c = 0, d = 0] }) => a - c || b - d)
}

/** All pairs of contacts, each in the order of ids. */
const pairsOf = (ids: readonly number[]): Pair[] =>
  ids.flatMap((one, at) =>
    ids.filter((_, index) => index > at).map((other): Pair => (one < other ? [one, other] : [other, one])),
  )

/** The signs that at least two contacts have, in alphabetical order. */
function sharedSigns(all: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>()
  for (const sign of all.flat()) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  return [...counts].flatMap(([sign, count]) => (count > 1 ? [sign] : [])).toSorted()
}
