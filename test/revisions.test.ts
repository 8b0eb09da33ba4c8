import { describe, expect, it } from 'vitest'
import { initialRevision, isCurrent, nextRevision } from '../src/platform/gate/revision.ts'

/**
 * A model of the revision protocol, explored completely: every interleaving of two changes and three reads through two
 * isolates. Any change may crash between two of its steps, any KV write may be lost, and KV may return anything that it
 * ever had. The arithmetic is the service's own (gate/revision.ts); the order of steps is that of writeAtNewRevision()
 * and admitSession().
 */
interface Copy {
  readonly revision: number
  readonly value: number
}

interface Change {
  readonly kind: 'change'
  readonly step: 'raise' | 'write' | 'done' | 'crashed'
  readonly existing: number
  readonly issued: number
  /** The value that this change writes. */
  readonly value: number
}

interface Read {
  readonly kind: 'read'
  readonly step: 'ask' | 'query' | 'keep' | 'done'
  readonly isolate: number
  /** The newest acknowledged change when the read began: it must return that value or a later one. */
  readonly floor: number
  readonly gate: number | null
  readonly seen: Copy | null
}

interface World {
  /** The gate's own revision, on its disk. */
  readonly gate: number | undefined
  readonly row: Copy
  readonly memory: readonly (Copy | null)[]
  /** Everything that KV has ever had: it may return any of it, or nothing. */
  readonly kv: readonly Copy[]
  /** The order in which changes were written: later ones supersede earlier ones. */
  readonly written: readonly number[]
  readonly acknowledged: readonly number[]
  readonly actors: readonly (Change | Read)[]
}

/** Deliberate mistakes: the model must find each, or it proves nothing. */
interface Flaws {
  readonly writeBeforeRaise?: boolean
  readonly noTrigger?: boolean
  readonly keepWhateverWasRead?: boolean
  readonly adoptAlways?: boolean
  readonly believeAnyCopy?: boolean
}

const replaced = <T>(list: readonly T[], index: number, value: T): T[] =>
  list.map((old, at) => (at === index ? value : old))

function* changed(world: World, index: number, actor: Change, flaws: Flaws): Generator<World> {
  const as = (next: Partial<Change>, more: Partial<World> = {}): World => ({
    ...world,
    ...more,
    actors: replaced(world.actors, index, { ...actor, ...next }),
  })
  if (actor.step === 'done' || actor.step === 'crashed') return
  yield as({ step: 'crashed' })
  if (actor.step === 'raise') {
    if (flaws.writeBeforeRaise) {
      // Database first, gate second: the call that may be lost comes after the write.
      const issued = world.row.revision + 1
      yield as(
        { step: 'write', issued },
        {
          row: { revision: issued, value: actor.value },
          written: [...world.written, actor.value],
          acknowledged: [...world.acknowledged, actor.value],
        },
      )
      return
    }
    const issued = nextRevision(world.gate, actor.existing)
    yield as({ step: 'write', issued }, { gate: issued })
    return
  }
  if (flaws.writeBeforeRaise) {
    yield as({ step: 'done' }, { gate: actor.issued })
    return
  }
  if (actor.issued <= world.row.revision && !flaws.noTrigger) {
    // The trigger aborts the batch, and it is tried again.
    yield as({ step: 'raise', existing: actor.issued })
    return
  }
  yield as(
    { step: 'done' },
    {
      row: { revision: actor.issued, value: actor.value },
      written: [...world.written, actor.value],
      acknowledged: [...world.acknowledged, actor.value],
    },
  )
}

/** The position of a value in the order of writes; the initial value comes first. */
const rank = (world: World, value: number): number => world.written.lastIndexOf(value)

function* reading(world: World, index: number, actor: Read, flaws: Flaws): Generator<World | { stale: World }> {
  const as = (next: Partial<Read>, more: Partial<World> = {}): World => ({
    ...world,
    ...more,
    actors: replaced(world.actors, index, { ...actor, ...next }),
  })
  const answer = (value: number, then: World): World | { stale: World } => {
    return rank(world, value) < actor.floor ? { stale: then } : then
  }
  if (actor.step === 'ask') {
    const floor = Math.max(-1, ...world.acknowledged.map((value) => rank(world, value)))
    const gate = world.gate ?? null
    const copies = [world.memory[actor.isolate] ?? null, ...world.kv, null]
    for (const copy of copies) {
      // Gate and cache are asked in parallel, so the copy may have any age; only the comparison counts.
      const begun = { ...actor, floor, gate }
      const believed = copy !== null && (flaws.believeAnyCopy || isCurrent(copy.revision, gate))
      const next: World = {
        ...world,
        actors: replaced(world.actors, index, { ...begun, step: believed ? 'done' : 'query' }),
      }
      if (believed && copy) {
        yield rank(world, copy.value) < floor
          ? { stale: next }
          : { ...next, memory: replaced(world.memory, actor.isolate, copy) }
      } else yield next
    }
    return
  }
  if (actor.step === 'query') {
    const seen = world.row
    yield answer(seen.value, as({ step: 'keep', seen }))
    return
  }
  if (actor.step === 'keep' && actor.seen) {
    const { seen, gate } = actor
    const remaining = { memory: replaced(world.memory, actor.isolate, seen) }
    // Work after the response may be lost, completely or in part.
    yield as({ step: 'done' })
    if (gate === null) {
      const stored = flaws.adoptAlways ? seen.revision : initialRevision(world.gate, seen.revision)
      yield as({ step: 'done' }, { gate: stored })
      if (stored === seen.revision) yield as({ step: 'done' }, { gate: stored, ...remaining, kv: [...world.kv, seen] })
    } else if (flaws.keepWhateverWasRead || isCurrent(seen.revision, gate)) {
      const copy = flaws.keepWhateverWasRead ? { ...seen, revision: gate } : seen
      yield as({ step: 'done' }, { memory: replaced(world.memory, actor.isolate, copy) })
      yield as({ step: 'done' }, { memory: replaced(world.memory, actor.isolate, copy), kv: [...world.kv, copy] })
    }
  }
}

const change = (value: number): Change => ({ kind: 'change', step: 'raise', existing: 1, issued: 0, value })
const read = (isolate: number): Read => ({ kind: 'read', step: 'ask', isolate, floor: -1, gate: null, seen: null })

/**
 * The same name for worlds that cannot be told apart: KV may return any of its values, in any order and any number of
 * times; two reads in one isolate can be exchanged; the state of a finished actor no longer matters.
 */
function nameOf({ kv, actors, ...rest }: World): string {
  const copies = [...new Set(kv.map(({ revision, value }) => `${revision}:${value}`))].sort()
  const acting = actors.map((actor) => {
    const ended = actor.step === 'done' || actor.step === 'crashed'
    if (actor.kind === 'change') return `${actor.value} ${ended ? actor.step : JSON.stringify(actor)}`
    return `read ${actor.isolate} ${ended ? actor.step : JSON.stringify(actor)}`
  })
  return JSON.stringify([rest, copies, acting.sort()])
}

/** Explores every reachable world; returns how many there are, and one with a stale read, if any. */
function explore(flaws: Flaws, begin: Partial<World> = {}): { worlds: number; stale: World | null } {
  const first: World = {
    gate: undefined,
    row: { revision: 1, value: 0 },
    memory: [null, null],
    kv: [],
    written: [0],
    acknowledged: [0],
    actors: [change(1), change(2), read(0), read(1), read(0)],
    ...begin,
  }
  const seen = new Set<string>()
  const stack = [first]
  for (let world = stack.pop(); world; world = stack.pop()) {
    const name = nameOf(world)
    if (seen.has(name)) continue
    seen.add(name)
    for (const [index, actor] of world.actors.entries()) {
      const nexts = actor.kind === 'change' ? changed(world, index, actor, flaws) : reading(world, index, actor, flaws)
      for (const next of nexts) {
        if ('stale' in next) return { worlds: seen.size, stale: next.stale }
        stack.push(next)
      }
    }
  }
  return { worlds: seen.size, stale: null }
}

/** Every cache level has the copy from before the changes. */
const warm: Partial<World> = {
  gate: 1,
  memory: [
    { revision: 1, value: 0 },
    { revision: 1, value: 0 },
  ],
  kv: [{ revision: 1, value: 0 }],
}

describe('the revision protocol', () => {
  it('never shows a read older data than was acknowledged before it began, in any interleaving, crash or loss', () => {
    for (const begin of [{}, warm]) {
      const { worlds, stale } = explore({}, begin)
      expect(stale, JSON.stringify(stale, null, 1)).toBeNull()
      expect(worlds).toBeGreaterThan(5000)
    }
  })

  it('is explored by a model that finds each deliberate mistake', () => {
    const flaws: Flaws[] = [
      { writeBeforeRaise: true },
      { noTrigger: true },
      { keepWhateverWasRead: true },
      { adoptAlways: true },
      { believeAnyCopy: true },
    ]
    for (const flaw of flaws) {
      const found = [{}, warm].some((begin) => explore(flaw, begin).stale !== null)
      expect(found, `${JSON.stringify(flaw)} was not found to be wrong`).toBe(true)
    }
  })
})
