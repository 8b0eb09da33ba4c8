import { z } from 'zod'
import type { CardFields } from '../cards/card.ts'
import { emailAddress, line } from '../platform/text/fields.ts'
import { phone } from './fields.ts'

/** Members of one list: more are refused. */
const maxMembers = 100

/** A text, or null where there is none. An empty text in a body is null, too. */
const text = (max: number) =>
  line({ max })
    .nullable()
    .transform((value) => (value === '' ? null : value))
    .optional()

const label = text(100)
const primary = z.boolean().optional()

const listOf = <S extends z.ZodType>(member: S) =>
  z.array(member).max(maxMembers, `must have at most ${maxMembers} members`).nullable().optional()

const labeled = (max: number) => z.strictObject({ value: line({ min: 1, max }), label })

/** A phone number; in a list there is none without one. */
const phoneNumber = phone.refine((value) => value !== '', 'must not be empty').meta({ minLength: 1 })

/** The name of a custom property, as spelled in the vCard. */
const customName = z
  .string()
  .regex(/^[xX]-[A-Za-z0-9-]{1,100}$/, 'must be X- and letters, digits or hyphens, as in X-FOO')

const partNames = ['prefix', 'middle', 'suffix', 'nickname', 'phonetic_first', 'phonetic_last'] as const
const addressParts = ['street', 'extended', 'po_box', 'city', 'region', 'postal_code', 'country'] as const

/** An object of one schema for each of several names. */
const each = <N extends string, S>(names: readonly N[], schema: S): Record<N, S> =>
  Object.fromEntries(names.map((name) => [name, schema])) as Record<N, S>

/** The part of a name that a body may bring. */
export const namePart = text(200)

/** A member of each list, as a body may bring it. */
export const memberInputs = {
  emails: z.strictObject({ value: emailAddress(), label, primary }),
  phones: z.strictObject({ value: phoneNumber, label, primary }),
  addresses: z.strictObject({ ...each(addressParts, text(500)), label, primary }),
  urls: labeled(2000),
  messengers: z.strictObject({ ...labeled(500).shape, service: text(100) }),
  organizations: z.strictObject({
    name: text(500),
    units: z
      .array(line({ min: 1, max: 500 }))
      .max(20, 'must have at most 20 members')
      .nullable()
      .optional(),
    title: text(500),
    role: text(500),
  }),
  dates: labeled(100),
  relations: labeled(500),
  labels: line({ min: 1, max: 100 }),
  custom: z.strictObject({ name: customName, value: line({ min: 1, max: 5000 }), label }),
}

/** All that a contact holds beside its fields, as a body may bring it. A list that is named replaces that list. */
export const detailInputs = {
  name: z.strictObject(each(partNames, namePart)).nullable().optional(),
  emails: listOf(memberInputs.emails),
  phones: listOf(memberInputs.phones),
  addresses: listOf(memberInputs.addresses),
  urls: listOf(memberInputs.urls),
  messengers: listOf(memberInputs.messengers),
  organizations: listOf(memberInputs.organizations),
  dates: listOf(memberInputs.dates),
  relations: listOf(memberInputs.relations),
  labels: listOf(memberInputs.labels),
  custom: listOf(memberInputs.custom),
}

export type DetailName = keyof typeof detailInputs

/** The names of the details, in the order of the wire. */
export const detailNames = Object.keys(detailInputs) as DetailName[]

/** The details that a body brings. */
export type DetailInput = { readonly [K in DetailName]?: z.output<(typeof detailInputs)[K]> }

const stated = z.string()
const nullable = z.string().nullable()
const labeledOutput = { value: stated, label: nullable }
const reachOutput = { ...labeledOutput, primary: z.boolean() }

/** The same in an answer. What a vCard may hold has no format there. */
export const detailOutputs = {
  name: z.object(each(partNames, nullable)),
  emails: z.array(z.object(reachOutput)),
  phones: z.array(z.object(reachOutput)),
  addresses: z.array(z.object({ ...each(addressParts, nullable), label: nullable, primary: z.boolean() })),
  urls: z.array(z.object(labeledOutput)),
  messengers: z.array(z.object({ value: stated, service: nullable, label: nullable })),
  organizations: z.array(z.object({ name: nullable, units: z.array(stated), title: nullable, role: nullable })),
  dates: z
    .array(z.object(labeledOutput))
    .meta({ description: '`YYYY-MM-DD`, `--MM-DD`, or a text where the vCard has no date.' }),
  relations: z.array(z.object(labeledOutput)),
  labels: z.array(stated),
  custom: z
    .array(z.object({ name: stated, value: stated, label: nullable }))
    .meta({ description: 'Properties of a vCard that have no member of their own.' }),
}

/** All details of a contact. */
export type ContactDetails = { [K in DetailName]: z.output<(typeof detailOutputs)[K]> }

/** What stands in the document's examples. */
export const detailExample = {
  name: { prefix: null, middle: null, suffix: null, nickname: 'Олько', phonetic_first: null, phonetic_last: null },
  emails: [{ value: 'oles@example.com', label: 'home', primary: true }],
  phones: [{ value: '+380 44 123 45 67', label: 'mobile', primary: true }],
  addresses: [
    {
      ...{ street: 'вул. Хрещатик, 1', extended: null, po_box: null, city: 'Київ', region: null, postal_code: '01001' },
      ...{ country: 'Україна', label: 'home', primary: true },
    },
  ],
  urls: [{ value: 'https://example.com', label: 'home page' }],
  messengers: [{ value: 'xmpp:oles@example.com', service: 'Jabber', label: null }],
  organizations: [{ name: 'Дім книги', units: ['Відділ поезії'], title: 'Редактор', role: null }],
  dates: [{ value: '1945-05-09', label: 'anniversary' }],
  relations: [{ value: 'Валентина', label: 'spouse' }],
  labels: ['Friends'],
  custom: [{ name: 'X-FOO', value: 'bar', label: null }],
}

/** The details of a vCard, without its fields. */
export const pickDetails = (card: CardFields): ContactDetails =>
  Object.fromEntries(detailNames.map((name) => [name, card[name]])) as unknown as ContactDetails

/** The details of a contact that has no vCard: what its fields say. */
export const plainDetails = ({
  email,
  phone,
}: {
  readonly email: string | null
  readonly phone: string | null
}): ContactDetails => ({
  name: each(partNames, null),
  emails: email === null ? [] : [{ value: email, label: null, primary: true }],
  phones: phone === null ? [] : [{ value: phone, label: null, primary: true }],
  ...{ addresses: [], urls: [], messengers: [], organizations: [], dates: [], relations: [], labels: [], custom: [] },
})

/** Whether details say no more than the fields do. */
export const arePlain = (
  details: ContactDetails,
  of: { readonly email: string | null; readonly phone: string | null },
): boolean => JSON.stringify(details) === JSON.stringify(plainDetails(of))
