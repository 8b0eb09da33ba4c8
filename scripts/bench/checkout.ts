/**
 * Runs the service of the checkout in the working directory, with a database of its own, to be compared with another's;
 * sends where it is, who is in it, and which process it is. `compare.ts` forks it.
 */
import { build, withService } from './runtime.ts'

const [size = '1000'] = process.argv.slice(2)
const books = Array.from({ length: 8 }, () => Number(size))
await withService({ bundle: await build(), books }, async ({ url, pid }, people) => {
  process.send?.({ url, people, pid })
  await new Promise((resolve) => process.once('disconnect', resolve))
})
