import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Received } from './receive.ts'

const maxLetters = 500

export type Letters = Awaited<ReturnType<typeof openLetters>>

/** Opens the letters, newest first, and the file in which they are stored. */
export async function openLetters(file: string | undefined) {
  let letters = file === undefined ? [] : await readLetters(file)
  let writing = Promise.resolve()

  /** Writes the file after earlier changes, completely or not at all. A failure is logged; memory has the letters. */
  const change = (changed: Received[]): Promise<void> => {
    letters = changed.slice(0, maxLetters)
    if (file === undefined) return writing
    const text = letters.toReversed().map((letter) => `${JSON.stringify(letter)}\n`)
    writing = writing
      .then(() => writeFile(`${file}.new`, text.join('')))
      .then(() => rename(`${file}.new`, file))
      .catch((error: unknown) => console.error(`Cannot write ${file}:`, error))
    return writing
  }

  return {
    all: (): readonly Received[] => letters,
    find: (id: string): Received | undefined =>
      id === 'latest' ? letters[0] : letters.find((letter) => letter.ID === id),
    add: (letter: Received): Promise<void> => change([letter, ...letters]),
    async markRead(letter: Received): Promise<void> {
      if (letter.Read) return
      letter.Read = true
      await change(letters)
    },
    remove: (ids: readonly string[] | 'all'): Promise<void> =>
      change(ids === 'all' ? [] : letters.filter((letter) => !ids.includes(letter.ID))),
    flush: (): Promise<void> => writing,
  }
}

async function readLetters(file: string): Promise<Received[]> {
  await mkdir(dirname(file), { recursive: true })
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const letters = text.split('\n').flatMap((line): Received[] => {
    try {
      return [JSON.parse(line)]
    } catch {
      return [] // The empty last line, or an incomplete one.
    }
  })
  return letters.toReversed()
}
