import { readRevision } from '../platform/gate/revision.ts'
import {
  announceHash,
  emptyHashList,
  type HashList,
  type HashStatus,
  type LiveHashes,
  listHashes,
  statusOf,
  useHash,
} from './hash-list.ts'

/** How often a gate with an old list asks for a new one because of an unknown hash, at most. */
const relistMs = 60_000

/** The hashes of a user's app passwords, in the storage and the memory of the user's gate. */
export class StoredHashes {
  readonly #storage: DurableObjectStorage
  #list: HashList | undefined
  #relistAt = 0

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /**
   * Returns whether a hash is in the list. If the list is old, returns `unlisted` at most once a minute, so that a
   * flood does not read the database.
   */
  status(hash: string, now: number): HashStatus {
    const list = this.#read()
    const status = statusOf(list, hash, now)
    if (status !== 'unlisted' || list.listedAt === null) return status
    if (now < this.#relistAt) return 'unknown'
    this.#relistAt = now + relistMs
    return 'unlisted'
  }

  /** Adds a hash whose row is about to be written; false if the list is full. */
  announce(hash: string, revision: number): boolean {
    const list = announceHash(this.#read(), hash, revision)
    if (list) this.#write(list)
    return list !== null
  }

  /** Updates the list from the database. */
  list(live: LiveHashes, now: number): void {
    this.#write(listHashes(this.#read(), live, { now, gateRevision: readRevision(this.#storage) }))
  }

  /** Records a use; returns whether it is the first on that day. */
  use(hash: string, day: string): boolean {
    const list = useHash(this.#read(), hash, day)
    if (list) this.#write(list)
    return list !== null
  }

  #read(): HashList {
    this.#list ??= this.#storage.kv.get<HashList>('app-passwords') ?? emptyHashList
    return this.#list
  }

  #write(list: HashList): void {
    this.#list = list
    this.#storage.kv.put('app-passwords', list)
  }
}
