/** The time that a request waits for each part (`db`, `gate`, `cache`), for Server-Timing and the log. */
export class Timings {
  readonly #spent = new Map<string, { ms: number; note?: string }>()

  /**
   * Measures `go`, and adds its time to the part. In Workers the clock moves only during I/O, which is what this
   * measures.
   */
  async time<T>(part: string, go: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await go()
    } finally {
      this.add(part, performance.now() - start)
    }
  }

  /** Adds milliseconds to a part; `note` becomes its description. */
  add(part: string, ms: number, note?: string): void {
    const before = this.#spent.get(part)
    const description = note ?? before?.note
    this.#spent.set(part, { ms: (before?.ms ?? 0) + ms, ...(description === undefined ? {} : { note: description }) })
  }

  /** Each part with its milliseconds. */
  *[Symbol.iterator](): Generator<[part: string, ms: number, note: string | undefined]> {
    for (const [part, { ms, note }] of this.#spent) yield [part, ms, note]
  }
}
