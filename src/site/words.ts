import type { Language } from '../platform/http/language.ts'

/** What the pages of confirmation say. */
export const words = {
  en: {
    confirm: 'Confirm your email',
    confirmHow: 'Press the button, and your account is ready.',
    confirmButton: 'Confirm my address',
    confirmed: 'Your address is confirmed',
    confirmedNext: 'Thank you. You can log in now, and add your first contact.',
    goOn: 'Log in and try it',
    noLink: 'This link does not work',
    noLinkWhy: 'It has expired, or it is not whole. Ask for a new letter to your address.',
    newLetter: 'Ask for a new letter',
  },
  uk: {
    confirm: 'Підтвердьте свою пошту',
    confirmHow: 'Натисніть кнопку, і ваш обліковий запис готовий.',
    confirmButton: 'Підтвердити мою адресу',
    confirmed: 'Вашу адресу підтверджено',
    confirmedNext: 'Дякуємо. Тепер ви можете увійти й додати свій перший контакт.',
    goOn: 'Увійти й спробувати',
    noLink: 'Це посилання не діє',
    noLinkWhy: 'Його термін минув, або воно неповне. Попросіть надіслати вам новий лист.',
    newLetter: 'Попросити новий лист',
  },
} as const satisfies Record<Language, Record<string, string>>
