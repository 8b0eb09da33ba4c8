import type { Context } from 'hono'
import { accepts } from 'hono/accepts'

/** The languages of letters and their pages. */
export type Language = 'en' | 'uk'
const languages: readonly string[] = ['en', 'uk'] satisfies Language[]

/** The reader's language (Accept-Language, RFC 9110, section 12.5.4) among the supported ones; English by default. */
export function languageOf(c: Context): Language {
  c.header('Vary', 'Accept-Language', { append: true })
  // Browsers send uk-UA, and not always uk as well.
  const primary = (tag: string) => tag.split('-')[0]?.toLowerCase()
  const lang = accepts(c, {
    header: 'Accept-Language',
    supports: [...languages],
    default: 'en',
    match: (ranges, { supports, default: otherwise }) => {
      const named = ranges.map(({ type }) => primary(type))
      // `*` matches every language without its own range; q=0 excludes a language (RFC 9110, section 12.4.2).
      const others = supports.filter((tag) => !named.includes(tag))
      const [best] = ranges
        .filter(({ q }) => q > 0)
        .toSorted((a, b) => b.q - a.q)
        .flatMap(({ type }) => (type === '*' ? others : supports.filter((tag) => tag === primary(type))))
      return best ?? otherwise
    },
  })
  return lang === 'uk' ? 'uk' : 'en'
}
