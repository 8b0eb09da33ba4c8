import { describe, expect, it } from 'vitest'
import { announceHash, emptyHashList, type HashList, listHashes, statusOf } from '../src/auth/hash-list.ts'
import { nextRevision } from '../src/platform/gate/revision.ts'

/**
 * A model of how a user's gate knows app passwords, explored completely: every interleaving of two creations, a
 * revocation, and readers that send the list to the gate. Any of them may crash between two of its steps, and the gate
 * may lose its list once. The list functions are the service's own (src/auth/hash-list.ts); the order of steps is that
 * of makeAppPassword(), revokeAppPassword() and admitAppPassword().
 */
interface Row {
  readonly revision: number
  readonly hashes: readonly string[]
}

type Actor =
  | {
      readonly kind: 'create'
      readonly hash: string
      readonly step: string
      readonly floor: number
      readonly seen: Row
    }
  | { readonly kind: 'revoke'; readonly hash: string; readonly step: string; readonly floor: number }
  | { readonly kind: 'list'; readonly step: string; readonly seen: Row | null }
  | { readonly kind: 'loss'; readonly step: string }

interface World {
  readonly gate: number
  readonly list: HashList
  readonly row: Row
  /** The app passwords that were acknowledged with 201, and those with 204. */
  readonly created: readonly string[]
  readonly revoked: readonly string[]
  readonly actors: readonly Actor[]
}

/** Deliberate mistakes: the model must find each, or it proves nothing. */
interface Flaws {
  readonly announceAfterwards?: boolean
  readonly dropWhateverIsNotListed?: boolean
  readonly announcingMakesWhole?: boolean
  readonly anyListIsWhole?: boolean
  readonly believeTheGate?: boolean
}

const at = 1
const empty: Row = { revision: 1, hashes: [] }

function* next(world: World, index: number, flaws: Flaws): Generator<World> {
  const actor = world.actors[index]
  if (!actor || actor.step === 'done') return
  const as = (then: Actor, more: Partial<World> = {}): World => ({
    ...world,
    ...more,
    actors: world.actors.map((old, place) => (place === index ? then : old)),
  })
  // It crashes, or its message is lost.
  yield as({ ...actor, step: 'done' })
  if (actor.kind === 'create') yield* creating(world, actor, as, flaws)
  if (actor.kind === 'revoke') yield* revoking(world, actor, as)
  if (actor.kind === 'list') {
    if (actor.step === 'read') yield as({ ...actor, step: 'list', seen: world.row })
    else if (actor.seen) yield as({ ...actor, step: 'done' }, { list: listed(world, actor.seen, flaws) })
  }
  if (actor.kind === 'loss') yield as({ ...actor, step: 'done' }, { list: emptyHashList })
}

function listed({ gate, list }: World, seen: Row, flaws: Flaws): HashList {
  const before = flaws.dropWhateverIsNotListed ? { ...list, entries: {} } : list
  return listHashes(before, seen, { now: at, gateRevision: flaws.anyListIsWhole ? seen.revision : gate })
}

type As = (then: Actor, more?: Partial<World>) => World

function* creating(world: World, actor: Extract<Actor, { kind: 'create' }>, as: As, flaws: Flaws): Generator<World> {
  const { hash, floor, seen } = actor
  if (actor.step === 'read') yield as({ ...actor, step: 'announce', seen: world.row, floor: world.row.revision })
  if (actor.step === 'announce') {
    const gate = nextRevision(world.gate, floor)
    const whole = flaws.announcingMakesWhole ? { ...world.list, listedAt: at } : listed(world, seen, flaws)
    const list = flaws.announceAfterwards ? whole : announceHash(whole, hash, gate)
    if (list) yield as({ ...actor, step: 'write', floor: gate }, { gate, list })
  }
  if (actor.step === 'write') {
    // A trigger refuses a revision that does not rise; the write is tried again with the data that was read first.
    if (floor <= world.row.revision) return yield as({ ...actor, step: 'announce' })
    const row = { revision: floor, hashes: [...world.row.hashes, hash] }
    const created = [...world.created, hash]
    if (flaws.announceAfterwards) yield as({ ...actor, step: 'late' }, { row, created })
    else yield as({ ...actor, step: 'done' }, { row, created })
  }
  if (actor.step === 'late') {
    const list = announceHash(world.list, hash, floor)
    if (list) yield as({ ...actor, step: 'done' }, { list })
  }
}

function* revoking(world: World, actor: Extract<Actor, { kind: 'revoke' }>, as: As): Generator<World> {
  const { hash, floor } = actor
  if (actor.step === 'raise') {
    const gate = nextRevision(world.gate, Math.max(floor, world.row.revision))
    yield as({ ...actor, step: 'write', floor: gate }, { gate })
  }
  if (actor.step === 'write') {
    if (floor <= world.row.revision) return yield as({ ...actor, step: 'raise' })
    const row = { revision: floor, hashes: world.row.hashes.filter((one) => one !== hash) }
    // Revoking a missing app password is 404, and promises nothing.
    const revoked = world.row.hashes.includes(hash) ? [...world.revoked, hash] : world.revoked
    yield as({ ...actor, step: 'done' }, { row, revoked })
  }
}

/** Whether a request with a hash is admitted at this moment: by the gate, then by the row at its revision. */
function admits({ list, row }: World, hash: string, flaws: Flaws): boolean {
  const status = statusOf(list, hash, at)
  if (status === 'unknown') return false
  if (flaws.believeTheGate && status === 'listed') return true
  // A copy is used only at the gate's revision. Otherwise, and if the gate has no list, the row is read.
  return row.hashes.includes(hash)
}

/**
 * The same name for worlds that cannot be told apart: the state of a finished actor no longer matters, readers can be
 * exchanged, and so can the order of what was acknowledged.
 */
function nameOf({ created, revoked, actors, ...rest }: World): string {
  const acting = actors.map((actor) => (actor.step === 'done' ? actor.kind : JSON.stringify(actor)))
  return JSON.stringify([rest, created.toSorted(), revoked.toSorted(), acting.sort()])
}

/** Explores all worlds; returns one in which a promise is broken, if there is one. */
function explore(flaws: Flaws): { worlds: number; broken: World | null } {
  const actors: Actor[] = [
    { kind: 'create', hash: 'a', step: 'read', floor: 0, seen: empty },
    { kind: 'create', hash: 'b', step: 'read', floor: 0, seen: empty },
    { kind: 'revoke', hash: 'a', step: 'raise', floor: 0 },
    { kind: 'list', step: 'read', seen: null },
    { kind: 'list', step: 'read', seen: null },
    { kind: 'loss', step: 'lose' },
  ]
  let worlds = 0
  // A gate without a list, beside a row; and a gate with a complete list.
  const whole = listHashes(emptyHashList, { revision: 1, hashes: ['old'] }, { now: at, gateRevision: 1 })
  for (const list of [emptyHashList, whole]) {
    const row = { revision: 1, hashes: ['old'] }
    const stack: World[] = [{ gate: 1, list, row, created: ['old'], revoked: [], actors }]
    const seen = new Set<string>()
    for (let world = stack.pop(); world; world = stack.pop()) {
      const name = nameOf(world)
      if (seen.has(name)) continue
      seen.add(name)
      const promised = world.created.filter((hash) => !world.revoked.includes(hash))
      const isBroken =
        promised.some((hash) => !admits(world, hash, flaws)) || world.revoked.some((hash) => admits(world, hash, flaws))
      if (isBroken) return { worlds, broken: world }
      for (const index of world.actors.keys()) for (const one of next(world, index, flaws)) stack.push(one)
    }
    worlds += seen.size
  }
  return { worlds, broken: null }
}

describe('the list of app passwords in a gate', () => {
  it('never refuses one that was created, and never admits one that was revoked, whatever crashes or overlaps', () => {
    const { worlds, broken } = explore({})
    expect(broken, JSON.stringify(broken, null, 1)).toBeNull()
    expect(worlds).toBeGreaterThan(5000)
  })

  it('is explored by a model that finds each deliberate mistake', () => {
    const flaws: Flaws[] = [
      { announceAfterwards: true },
      { dropWhateverIsNotListed: true },
      { announcingMakesWhole: true },
      { anyListIsWhole: true },
      { believeTheGate: true },
    ]
    for (const flaw of flaws) {
      expect(explore(flaw).broken, `${JSON.stringify(flaw)} was not found to be wrong`).not.toBeNull()
    }
  })
})
