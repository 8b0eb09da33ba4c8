import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Received } from './receive.ts'

const maxLetters = 500 // a day of hard testing

/** What {@link openLetters} opens. */
export type Letters = Awaited<ReturnType<typeof openLetters>>

/** The letters, newest first, and their file. */
export async function openLetters(file: string | undefined) {
  let remaining = file === undefined ? [] : await readLetters(file)
  let writing = Promise.resolve()

  /** One after another, and each whole; one that fails is told of, and harms no letter in memory. */
  const change = (changed: Received[]): Promise<void> => {
    remaining = changed.slice(0, maxLetters)
    if (file === undefined) return writing
    const text = remaining.toReversed().map((letter) => `${JSON.stringify(letter)}\n`)
    writing = writing
      .then(() => writeFile(`${file}.new`, text.join('')))
      .then(() => rename(`${file}.new`, file))
      .catch((error: unknown) => console.error(`Cannot write ${file}:`, error))
    return writing
  }

  return {
    all: (): readonly Received[] => remaining,
    find: (id: string): Received | undefined =>
      id === 'latest' ? remaining[0] : remaining.find((letter) => letter.ID === id),
    add: (letter: Received): Promise<void> => change([letter, ...remaining]),
    async markRead(letter: Received): Promise<void> {
      if (letter.Read) return
      letter.Read = true
      await change(remaining)
    },
    remove: (ids: readonly string[] | 'all'): Promise<void> =>
      change(ids === 'all' ? [] : remaining.filter((letter) => !ids.includes(letter.ID))),
    flush: (): Promise<void> => writing,
  }
}

async function readLetters(file: string): Promise<Received[]> {
  await mkdir(dirname(file), { recursive: true })
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const letters = text.split('\n').flatMap((each): Received[] => {
    try {
      return [JSON.parse(each)]
    } catch {
      return [] // the empty last line, or one that was cut short
    }
  })
  return letters.toReversed()
}
