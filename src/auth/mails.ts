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
    valid: (days: number) => `The link works for ${days === 1 ? 'one day' : `${days} days`}.`,
    footer: 'If it was not you, do nothing: without a confirmation the account is deleted.',
  },
  uk: {
    title: 'Підтвердьте свою пошту',
    paragraph:
      'Хтось, сподіваємося, що ви, зареєструвався у Vizitka з цією адресою. Підтвердьте її, щоб почати вести контакти.',
    label: 'Підтвердити пошту',
    valid: (days: number) => `Посилання діє ${days === 1 ? 'один день' : `${days} дн.`}`,
    footer: 'Якщо це були не ви, нічого не робіть: без підтвердження обліковий запис буде видалено.',
  },
} as const

/** The letter with the link that confirms an address. */
export function confirmEmailLetter(to: string, locale: Locale, url: string, ttlSeconds: number): Posted {
  const { title, paragraph, label, valid, footer } = confirmEmail[locale]
  const days = Math.max(1, Math.round(ttlSeconds / 86_400))
  const bodies = layOut({ lang: locale, title, paragraphs: [paragraph, valid(days)], action: { label, url }, footer })
  return { kind: 'confirm-email', to, subject: title, ...bodies }
}
