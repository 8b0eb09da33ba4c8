import './letter-kinds.ts'
import { type LetterText, layOut } from '../platform/mail/layout.tsx'
import type { LetterKind } from '../platform/mail/letter-kinds.ts'
import type { OutboxLetter } from '../platform/mail/outbox-store.ts'

// No letter contains a username: anyone can sign up with a stranger's address and any name.

type Locale = 'en' | 'uk'

/** The text of a letter in one language, and of the button with its link. */
type Words = Pick<LetterText, 'title' | 'paragraphs' | 'footer'> & { readonly button: string }

function write(kind: LetterKind, to: string, locale: Locale, url: string, words: Record<Locale, Words>): OutboxLetter {
  const { button, ...text } = words[locale]
  return { kind, to, subject: text.title, ...layOut({ lang: locale, ...text, action: { label: button, url } }) }
}

/** Writes a duration in days, hours or minutes, rounded down. */
function span(seconds: number, locale: Locale): string {
  const [unit, length]: [string, number] =
    seconds >= 2 * 86_400 ? ['day', 86_400] : seconds >= 3600 ? ['hour', 3600] : ['minute', 60]
  const format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' })
  return format.format(Math.max(1, Math.floor(seconds / length)))
}

/** The letter after signup: the link that confirms the address, and how long it is valid. */
export function confirmEmailLetter(to: string, locale: Locale, url: string, ttlSeconds: number): OutboxLetter {
  return write('confirm-email', to, locale, url, {
    en: {
      title: 'Confirm your email',
      paragraphs: [
        'Someone, we hope you, signed up to Vizitka with this address. Confirm it to start keeping your contacts.',
        `The link works for ${span(ttlSeconds, 'en')}.`,
      ],
      button: 'Confirm your email',
      footer: 'If it was not you, do nothing: without a confirmation the account is deleted.',
    },
    uk: {
      title: 'Підтвердьте свою пошту',
      paragraphs: [
        'Хтось, сподіваємося, що ви, зареєструвався у Vizitka з цією адресою. Підтвердьте її, щоб почати вести ' +
          'контакти.',
        `Термін дії посилання: ${span(ttlSeconds, 'uk')}.`,
      ],
      button: 'Підтвердити пошту',
      footer: 'Якщо це були не ви, нічого не робіть: без підтвердження обліковий запис буде видалено.',
    },
  })
}

/**
 * The letter for a forgotten password: the link to choose a new one, how long it is valid, and that it works once.
 * `isPasswordLocked`: the old password is locked until then (`RESET_LOCKS_PASSWORD`).
 */
export function resetPasswordLetter(
  to: string,
  locale: Locale,
  url: string,
  ttlSeconds: number,
  isPasswordLocked: boolean,
): OutboxLetter {
  return write('reset-password', to, locale, url, {
    en: {
      title: 'Choose a new password',
      paragraphs: [
        'Someone, we hope you, asked for a new password for your Vizitka account. Your password has not changed yet.',
        `The link works for ${span(ttlSeconds, 'en')}, once.`,
      ],
      button: 'Choose a new password',
      footer: isPasswordLocked
        ? 'Even if it was not you, choose a new password: until you do, the old one does not open new sessions.'
        : 'If it was not you, do nothing: the old password still works.',
    },
    uk: {
      title: 'Створіть новий пароль',
      paragraphs: [
        'Хтось, сподіваємося, що ви, попросив новий пароль до вашого облікового запису у Vizitka. Пароль поки що ' +
          'не змінено.',
        `Посилання спрацює один раз. Термін його дії: ${span(ttlSeconds, 'uk')}.`,
      ],
      button: 'Створити новий пароль',
      footer: isPasswordLocked
        ? 'Навіть якщо це були не ви, створіть новий пароль: доти старий не відкриває нових сеансів.'
        : 'Якщо це були не ви, нічого не робіть: старий пароль діє й далі.',
    },
  })
}

/** What happened to an account's app passwords when its password changed. */
export interface AppPasswordsAfter {
  readonly names: readonly string[]
  readonly ended: boolean
}

const quoted = (names: readonly string[]): string => names.map((name) => `“${name}”`).join(', ')
const quotedInUkrainian = (names: readonly string[]): string => names.map((name) => `«${name}»`).join(', ')

/**
 * The notice after a password was changed. `url` is the page for a forgotten password, for an owner who did not change
 * it.
 */
export function passwordChangedLetter(
  to: string,
  locale: Locale,
  url: string,
  { names, ended }: AppPasswordsAfter,
): OutboxLetter {
  const about = (words: { ended: string; stay: string }): string[] =>
    names.length === 0 ? [] : [ended ? words.ended : words.stay]
  return write('password-changed', to, locale, url, {
    en: {
      title: 'Your password was changed',
      paragraphs: [
        'Your Vizitka account has a new password. Its other sessions were ended: log in again wherever you need to.',
        ...about({
          ended: `Its app passwords were ended, too: ${quoted(names)}. Make new ones for the devices that you still use.`,
          stay: `These app passwords still work: ${quoted(names)}. If one of them is not yours, revoke it.`,
        }),
        'If it was not you, choose a new password at once.',
      ],
      button: 'Choose a new password',
      footer: 'If it was you, there is nothing more to do.',
    },
    uk: {
      title: 'Ваш пароль змінено',
      paragraphs: [
        'Ваш обліковий запис у Vizitka має новий пароль. Інші сеанси завершено: увійдіть знову там, де вам потрібно.',
        ...about({
          ended: `Паролі застосунків теж скасовано: ${quotedInUkrainian(names)}. Створіть нові для пристроїв, якими користуєтеся.`,
          stay: `Ці паролі застосунків діють і далі: ${quotedInUkrainian(names)}. Якщо якийсь із них не ваш, скасуйте його.`,
        }),
        'Якщо це були не ви, негайно створіть новий пароль.',
      ],
      button: 'Створити новий пароль',
      footer: 'Якщо це були ви, більше нічого робити не треба.',
    },
  })
}

/** The notice after an app password was created. `url` is where app passwords are listed and revoked. */
export function appPasswordLetter(
  to: string,
  locale: Locale,
  { name, url }: { readonly name: string; readonly url: string },
): OutboxLetter {
  return write('app-password-created', to, locale, url, {
    en: {
      title: 'A new app password was created',
      paragraphs: [
        `Your Vizitka account has a new app password: “${name}”. A phone or a program that has it can use the account without your own password.`,
        'If it was not you, revoke it at once and choose a new password.',
      ],
      button: 'Look at my app passwords',
      footer: 'If it was you, there is nothing to do.',
    },
    uk: {
      title: 'Створено новий пароль застосунку',
      paragraphs: [
        `Ваш обліковий запис у Vizitka має новий пароль застосунку: «${name}». Телефон або програма з ним може користуватися обліковим записом без вашого власного пароля.`,
        'Якщо це були не ви, негайно скасуйте його та створіть новий пароль.',
      ],
      button: 'Переглянути мої паролі застосунків',
      footer: 'Якщо це були ви, нічого робити не треба.',
    },
  })
}

/** The letter to the new address of an account: the link that confirms it, and how long it is valid. */
export function confirmNewEmailLetter(to: string, locale: Locale, url: string, ttlSeconds: number): OutboxLetter {
  return write('confirm-new-email', to, locale, url, {
    en: {
      title: 'Confirm your new email',
      paragraphs: [
        'Someone, we hope you, asked to move a Vizitka account to this address. Once you confirm it, the ' +
          'account’s address changes.',
        `The link works for ${span(ttlSeconds, 'en')}.`,
      ],
      button: 'Confirm your new email',
      footer: 'If it was not you, do nothing: without a confirmation nothing changes.',
    },
    uk: {
      title: 'Підтвердьте свою нову пошту',
      paragraphs: [
        'Хтось, сподіваємося, що ви, попросив перенести обліковий запис у Vizitka на цю адресу. Щойно ви її ' +
          'підтвердите, адреса облікового запису зміниться.',
        `Термін дії посилання: ${span(ttlSeconds, 'uk')}.`,
      ],
      button: 'Підтвердити нову пошту',
      footer: 'Якщо це були не ви, нічого не робіть: без підтвердження нічого не зміниться.',
    },
  })
}

/**
 * The notice to the old address when a change of the e-mail is requested. `url` is the page for a forgotten password.
 */
export function emailChangeLetter(to: string, locale: Locale, newEmail: string, url: string): OutboxLetter {
  return write('email-change', to, locale, url, {
    en: {
      title: 'A new email for your account',
      paragraphs: [
        `Someone, we hope you, signed in to your Vizitka account and asked to change its address to ${newEmail}. It changes once the new one is confirmed.`,
        'If it was not you, choose a new password at once: that cancels the change, as long as the new address ' +
          'is not confirmed.',
      ],
      button: 'Choose a new password',
      footer: 'If it was you, open the letter that we sent to the new address.',
    },
    uk: {
      title: 'Нова пошта для вашого облікового запису',
      paragraphs: [
        `Хтось, сподіваємося, що ви, увійшов до вашого облікового запису у Vizitka й попросив змінити його адресу на ${newEmail}. Вона зміниться, щойно нову буде підтверджено.`,
        'Якщо це були не ви, негайно створіть новий пароль: доки нову адресу не підтверджено, це скасує зміну.',
      ],
      button: 'Створити новий пароль',
      footer: 'Якщо це були ви, відкрийте лист, який ми надіслали на нову адресу.',
    },
  })
}

/** The notice to the old address after the e-mail has changed. `url` is the landing page. */
export function emailChangedLetter(to: string, locale: Locale, newEmail: string, url: string): OutboxLetter {
  return write('email-changed', to, locale, url, {
    en: {
      title: 'Your email was changed',
      paragraphs: [
        `The address of your Vizitka account is ${newEmail} now. It was confirmed there, and this one no longer opens the account.`,
        'If it was not you, write to the operator of the service at once.',
      ],
      button: 'Open Vizitka',
      footer: 'If it was you, there is nothing to do.',
    },
    uk: {
      title: 'Вашу пошту змінено',
      paragraphs: [
        `Адреса вашого облікового запису у Vizitka тепер ${newEmail}. Її підтверджено, а ця більше не відкриває обліковий запис.`,
        'Якщо це були не ви, негайно напишіть тим, хто веде цей сервіс.',
      ],
      button: 'Відкрити Vizitka',
      footer: 'Якщо це були ви, нічого робити не треба.',
    },
  })
}

/**
 * The notice to the owner of an address that somebody wanted for another account. `url` is the page for a forgotten
 * password.
 */
export function emailInUseLetter(to: string, locale: Locale, url: string): OutboxLetter {
  return write('email-in-use', to, locale, url, {
    en: {
      title: 'You already have an account',
      paragraphs: [
        'Someone, perhaps you, wanted to use this address for another Vizitka account. You already have an ' +
          'account with it, and nothing has changed.',
        'If it was you, log in with this address. If you forgot the password, choose a new one.',
      ],
      button: 'Choose a new password',
      footer: 'If it was not you, you can ignore this letter.',
    },
    uk: {
      title: 'У вас уже є обліковий запис',
      paragraphs: [
        'Хтось, можливо, ви, хотів додати цю адресу до іншого облікового запису у Vizitka. Ви вже маєте ' +
          'обліковий запис із нею, і нічого не змінилося.',
        'Якщо це були ви, увійдіть із цією адресою. Якщо забули пароль, створіть новий.',
      ],
      button: 'Створити новий пароль',
      footer: 'Якщо це були не ви, не зважайте на цей лист.',
    },
  })
}
