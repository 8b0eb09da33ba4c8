import { layOut } from '../platform/mail/layout.tsx'
import type { Posted } from '../platform/mail/outbox.ts'

type Locale = 'en' | 'uk'

/** What a letter of confirmation says. No name in it: anyone can type a stranger's address, and any name, at signup. */
const confirmEmail = {
  en: {
    title: 'Confirm your email',
    paragraph:
      'Someone, we hope you, signed up to Vizitka with this address. Confirm it to start keeping your contacts.',
    label: 'Confirm your email',
    valid: 'The link works for',
    footer: 'If it was not you, do nothing: without a confirmation the account is deleted.',
  },
  uk: {
    title: 'Підтвердьте свою пошту',
    paragraph:
      'Хтось, сподіваємося, що ви, зареєструвався у Vizitka з цією адресою. Підтвердьте її, щоб почати вести контакти.',
    label: 'Підтвердити пошту',
    valid: 'Посилання діє',
    footer: 'Якщо це були не ви, нічого не робіть: без підтвердження обліковий запис буде видалено.',
  },
} as const

/** A span of time as a person says it, in days or hours, never longer than it is. */
function span(seconds: number, locale: Locale): string {
  const [unit, length]: [string, number] =
    seconds >= 2 * 86_400 ? ['day', 86_400] : seconds >= 3600 ? ['hour', 3600] : ['minute', 60]
  const format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' })
  return format.format(Math.max(1, Math.floor(seconds / length)))
}

/** The letter with the link that confirms an address. */
export function confirmEmailLetter(to: string, locale: Locale, url: string, ttlSeconds: number): Posted {
  const { title, paragraph, label, valid, footer } = confirmEmail[locale]
  const paragraphs = [paragraph, `${valid} ${span(ttlSeconds, locale)}.`]
  const bodies = layOut({ lang: locale, title, paragraphs, action: { label, url }, footer })
  return { kind: 'confirm-email', to, subject: title, ...bodies }
}
