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

/** How often, at most, a gate whose list is old has the database read for a hash that it does not have. */
const relistMs = 60_000

/** The hashes of a user's app passwords in the storage of the user's gate, and in its memory. */
export class StoredHashes {
  readonly #storage: DurableObjectStorage
  #list: HashList | undefined
  #relistAt = 0

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** Says whether a hash is listed. Of an old list, `unlisted` is said once in a while: no flood reads the database. */
  status(hash: string, now: number): HashStatus {
    const list = this.#read()
    const status = statusOf(list, hash, now)
    if (status !== 'unlisted' || list.listedAt === null) return status
    if (now < this.#relistAt) return 'unknown'
    this.#relistAt = now + relistMs
    return 'unlisted'
  }

  /** Adds a hash whose row is about to be written; false where there is no place. */
  announce(hash: string, revision: number): boolean {
    const list = announceHash(this.#read(), hash, revision)
    if (list) this.#write(list)
    return list !== null
  }

  /** Takes over what the database had at one moment. */
  list(live: LiveHashes, now: number): void {
    this.#write(listHashes(this.#read(), live, { now, gateRevision: readRevision(this.#storage) }))
  }

  /** Notes a use; returns whether it is the first of that day. */
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
