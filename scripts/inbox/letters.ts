import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Somebody who writes or is written to. */
export interface Person {
  readonly Name: string
  readonly Address: string
}

interface Attachment {
  readonly PartID: string
  readonly FileName: string
  readonly ContentType: string
  readonly ContentID: string
  readonly Size: number
}

/** A letter as it is kept. Names are those of Mailpit's API, so that one client reads both. */
export interface Received {
  readonly ID: string
  readonly MessageID: string
  Read: boolean
  readonly From: Person
  readonly To: Person[]
  readonly Cc: Person[]
  readonly Bcc: Person[]
  readonly ReplyTo: Person[]
  readonly ReturnPath: string
  readonly Subject: string
  readonly Created: string
  readonly Date: string
  readonly Size: number
  readonly Text: string
  readonly HTML: string
  readonly Inline: Attachment[]
  readonly Attachments: Attachment[]
  readonly headers: { readonly name: string; readonly value: string }[]
}

const keptLetters = 500 // a day of hard testing

/** What {@link openLetters} opens. */
export type Letters = Awaited<ReturnType<typeof openLetters>>

/** The letters, newest first, and their file. */
export async function openLetters(file: string | undefined) {
  let remaining = file === undefined ? [] : await readLetters(file)
  let writing = Promise.resolve()

  /** Writes happen one after another; one that fails is told of, and harms no letter in memory. */
  const write = (work: (file: string) => Promise<void>): Promise<void> => {
    if (file === undefined) return writing
    writing = writing.then(() => work(file)).catch((error: unknown) => console.error(`Cannot write ${file}:`, error))
    return writing
  }
  const rewrite = () =>
    write(async (path) => {
      await writeFile(`${path}.new`, remaining.toReversed().map(line).join(''))
      await rename(`${path}.new`, path)
    })

  return {
    all: (): readonly Received[] => remaining,
    find: (id: string): Received | undefined =>
      id === 'latest' ? remaining[0] : remaining.find((letter) => letter.ID === id),
    async add(letter: Received): Promise<void> {
      remaining.unshift(letter)
      if (remaining.length <= keptLetters) return write((path) => appendFile(path, line(letter)))
      remaining = remaining.slice(0, keptLetters)
      return rewrite()
    },
    async markRead(letter: Received): Promise<void> {
      if (letter.Read) return
      letter.Read = true
      return rewrite()
    },
    async remove(ids: readonly string[] | 'all'): Promise<void> {
      remaining = ids === 'all' ? [] : remaining.filter((letter) => !ids.includes(letter.ID))
      return rewrite()
    },
    flush: (): Promise<void> => writing,
  }
}

function line(letter: Received): string {
  return `${JSON.stringify(letter)}\n`
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
      return [] // the empty last line, or one that a crash cut short
    }
  })
  // A line cut short has no end: what is appended next must not be glued to it.
  if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n')
  return letters.toReversed().slice(0, keptLetters)
}
