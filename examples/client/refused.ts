/**
 * What does not compile: each line here is wrong, and `npm run check` fails if the compiler takes one. Nothing runs it.
 */
import { asForm, type Vizitka } from './client.ts'
import type { Contact } from './schema.d.ts'

export async function refused({ api }: Vizitka, file: Blob): Promise<void> {
  // @ts-expect-error: it is first_name
  await api.POST('/api/contacts', { body: { firstname: 'Ana' } })
  // @ts-expect-error: a contact's favourite flag is true or false
  await api.POST('/api/contacts', { body: { first_name: 'Ana', favorite: 'yes' } })
  // @ts-expect-error: a contact needs a body
  await api.POST('/api/contacts')
  // @ts-expect-error: logging in needs one, too
  await api.POST('/api/auth/login')
  // @ts-expect-error: there is no such route
  await api.GET('/api/contact')
  // @ts-expect-error: that route has no POST
  await api.POST('/api/contacts/{id}', { params: { path: { id: 1 } } })
  // @ts-expect-error: it needs an id
  await api.GET('/api/contacts/{id}')
  // @ts-expect-error: the id is a number
  await api.GET('/api/contacts/{id}', { params: { path: { id: 'one' } } })
  // @ts-expect-error: nothing is sorted by that
  await api.GET('/api/contacts', { params: { query: { sort: 'age' } } })
  // @ts-expect-error: a picture is a file
  await api.PATCH('/api/users/avatar', { body: { file: 'face.jpg' }, bodySerializer: asForm })
  // @ts-expect-error: so is what is imported
  await api.POST('/api/imports', { body: { file: 'people.csv' }, bodySerializer: asForm })
  // @ts-expect-error: there is no such rule for duplicates
  await api.POST('/api/imports', { params: { query: { duplicates: 'ask' } }, body: { file }, bodySerializer: asForm })

  const { data } = await api.PATCH('/api/contacts/{id}/avatar', {
    params: { path: { id: 1 } },
    body: { file },
    bodySerializer: asForm,
  })
  // @ts-expect-error: nothing may have been answered
  const first: Contact = data
  // @ts-expect-error: a birthday may be missing
  const birthday: string = data ? data.birthday : first.birthday
  void birthday
}
