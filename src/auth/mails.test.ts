import { describe, expect, it } from 'vitest'
import type { OutboxLetter } from '../platform/mail/outbox-store.ts'
import {
  appPasswordLetter,
  confirmEmailLetter,
  confirmNewEmailLetter,
  emailChangedLetter,
  emailChangeLetter,
  emailInUseLetter,
  passwordChangedLetter,
  resetPasswordLetter,
} from './mails.tsx'

const to = 'ana@example.com'
const newEmail = 'ana@new.example'
const url = 'https://vizitka.test/link/a-b_c?from=letter&again=1'
const [minute, hour, day] = [60, 3600, 86_400]

const lettersIn = (locale: 'en' | 'uk'): OutboxLetter[] => [
  confirmEmailLetter(to, locale, url, 7 * day),
  resetPasswordLetter(to, locale, url, hour, false),
  passwordChangedLetter(to, locale, url, { names: [], ended: true }),
  appPasswordLetter(to, locale, { name: '7 < 42', url }),
  confirmNewEmailLetter(to, locale, url, 7 * day),
  emailChangeLetter(to, locale, newEmail, url),
  emailChangedLetter(to, locale, newEmail, url),
  emailInUseLetter(to, locale, url),
]
const lockedReset = (locale: 'en' | 'uk') => resetPasswordLetter(to, locale, url, hour, true)
/** The letters after a new password, for accounts with app passwords. */
const withApps = (locale: 'en' | 'uk') =>
  [true, false].map((ended) => passwordChangedLetter(to, locale, url, { names: ['7', '42'], ended }))

/** The text that a mail reader shows of a letter's HTML. */
const displayed = (html: string): string =>
  html
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

describe.each(['en', 'uk'] as const)('letters in %s', (locale) => {
  const letters = [...lettersIn(locale), lockedReset(locale), ...withApps(locale)]

  it('have the same content and link in text and in HTML', () => {
    for (const { kind, subject, text, html } of letters) {
      expect(text.match(/https?:\S+/g), kind).toEqual([url])
      expect(html.match(/href="[^"]*"/g), kind).toEqual([`href="${url.replace('&', '&amp;')}"`])
      for (const paragraph of text.trim().split(/\n+/)) {
        expect(displayed(html), kind).toContain(paragraph.replace(/:$/, ''))
      }
      expect(text.startsWith(`${subject}\n`), kind).toBe(true)
      expect(html).toContain(`<title>${subject}</title>`)
      expect(html).toContain(`<html lang="${locale}"`)
    }
  })

  it('go to their recipient, each with its kind and its own subject', () => {
    const each = lettersIn(locale)
    expect(each.map((letter) => letter.kind)).toEqual([
      'confirm-email',
      'reset-password',
      'password-changed',
      'app-password-created',
      'confirm-new-email',
      'email-change',
      'email-changed',
      'email-in-use',
    ])
    expect(new Set(each.map((letter) => letter.subject)).size).toBe(each.length)
    for (const letter of letters) expect(letter.to).toBe(to)
  })

  it('show an address as it was typed, never as markup, and keep it out of the subject', () => {
    const address = `"<b>o'clock</b>&amp;"@new.example`
    const { subject, text, html } = emailChangeLetter(to, locale, address, url)
    expect(text).toContain(address)
    expect(displayed(html)).toContain(address)
    expect(html).not.toMatch(/<b>|<\/b>/)
    expect(subject).toBe(emailChangeLetter(to, locale, newEmail, url).subject)
  })
})

describe('letters', () => {
  it('are entirely in one language', () => {
    for (const { text } of [...lettersIn('uk'), lockedReset('uk'), ...withApps('uk')]) {
      const words = text.replaceAll(url, '').replaceAll(newEmail, '').replaceAll('Vizitka', '')
      expect(words).not.toMatch(/[a-z]/i)
      for (const paragraph of words.trim().split(/\n+/))
        expect(paragraph).toMatch(/^[\p{Script=Cyrillic}\d\s.,:«»<]+$/u)
    }
    for (const { text } of [...lettersIn('en'), lockedReset('en'), ...withApps('en')])
      expect(text).not.toMatch(/\p{Script=Cyrillic}/u)
  })

  it.each([
    [7 * day, '7 days', '7 днів'],
    [2 * day, '2 days', '2 дні'],
    [2 * day - 1, '47 hours', '47 годин'],
    [hour, '1 hour', '1 година'],
    [hour - 1, '59 minutes', '59 хвилин'],
    [5 * minute, '5 minutes', '5 хвилин'],
  ])('write %i seconds as “%s” and «%s»', (seconds, english, ukrainian) => {
    for (const write of [confirmEmailLetter, confirmNewEmailLetter]) {
      expect(write(to, 'en', url, seconds).text).toContain(`The link works for ${english}.`)
      expect(write(to, 'uk', url, seconds).text).toContain(`Термін дії посилання: ${ukrainian}.`)
    }
    expect(resetPasswordLetter(to, 'en', url, seconds, false).text).toContain(`The link works for ${english}, once.`)
    expect(resetPasswordLetter(to, 'uk', url, seconds, false).text).toContain(`Термін його дії: ${ukrainian}.`)
  })

  it('promise that the old password still works only if it does', () => {
    expect(resetPasswordLetter(to, 'en', url, hour, false).text).toMatch(/the old password still works\.\n$/)
    expect(lockedReset('en').text).toMatch(/until you do, the old one does not open new sessions\.\n$/)
    expect(resetPasswordLetter(to, 'uk', url, hour, false).text).toMatch(/старий пароль діє й далі\.\n$/)
    expect(lockedReset('uk').text).toMatch(/доти старий не відкриває нових сеансів\.\n$/)
  })
})
