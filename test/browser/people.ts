import type { Service } from './started.ts'

/** The password of every user. */
export const password = 'correct horse battery'

/** Signs up a user; returns the path in the letter. */
export async function signedUp(
  service: Service,
  name: string,
  email = `${name}-${crypto.randomUUID()}@example.com`,
): Promise<{ email: string; link: string }> {
  const { status } = await send(service, '/api/auth/signup', { username: name, email, password })
  if (status !== 201) throw new Error(`Signing ${name} up was answered by ${status}.`)
  return { email, link: new URL(await linkTo(service, email)).pathname }
}

/** Creates a user who can log in. */
export async function confirmed(service: Service, name: string, email?: string): Promise<{ email: string }> {
  const person = await signedUp(service, name, email)
  const { status } = await send(service, '/api/auth/confirm-email', { token: person.link.split('/').at(-1) })
  if (status !== 200) throw new Error(`Confirming ${name} was answered by ${status}.`)
  return person
}

/** Posts JSON as a program would, outside any browser. */
export function send(service: Service, path: string, body: object): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' }
  return fetch(service.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Finds the link to one of our pages in the newest letter to an address; waits for the letter. */
export async function linkTo(
  service: Service,
  email: string,
  page: 'confirm-email' | 'reset-password' = 'confirm-email',
): Promise<string> {
  const query = new URLSearchParams({ query: `to:${email}` })
  for (let attempt = 0; attempt < 600; attempt++) {
    const found = (await (await fetch(`${service.inboxUrl}/api/v1/search?${query}`)).json()) as Found
    const [letter] = found.messages
    if (letter) {
      const { Text } = (await (await fetch(`${service.inboxUrl}/api/v1/message/${letter.ID}`)).json()) as Letter
      const [link] = Text.match(new RegExp(`https?:\\S+/${page}/[\\w-]+`)) ?? []
      if (link) return link
    }
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`No letter came to ${email}.`)
}

type Found = { messages: { ID: string }[] }
type Letter = { Text: string }
