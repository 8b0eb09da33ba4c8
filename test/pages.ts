/** The pages about passwords, as a person and a screen reader use them. */
import { login } from './accounts.ts'
import { type Answer, type Call, call } from './client.ts'

export const askOnPage = (email: string, more: Call = {}) =>
  call('POST', '/forgot-password', { form: { email }, ...more })

export const loginStatus = async (email: string, secret: string): Promise<number> => (await login(email, secret)).status

export const heading = ({ text }: Answer): string | undefined => text.match(/<h1>(.*?)<\/h1>/)?.[1]

/** The error of a field, found as a screen reader finds it. */
export function faultOf({ text }: Answer, field: string): string | undefined {
  const input = text.match(new RegExp(`<input[^>]* id="${field}"[^>]*>`))?.[0] ?? ''
  if (!input.includes('aria-invalid="true"')) return undefined
  const described = input.match(/aria-describedby="([^"]+)"/)?.[1]?.split(' ') ?? []
  return described.map((id) => text.match(new RegExp(`id="${id}">([^<]+)<`))?.[1]).at(-1)
}
