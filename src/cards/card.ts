/**
 * vCards as text, and what they say as fields: versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350). This room promises that
 * nothing is lost: a card is a list of lines, each with the text it came as; an edit writes only the lines that it
 * concerns anew, and printing a card that was not edited returns its text. It knows no database, no HTTP, and fetches
 * nothing. Errors: `CardFault` for a text that is no card, `ChangeFault` for a change that contradicts itself. Nothing
 * else is thrown.
 */

export type Version = '2.1' | '3.0' | '4.0'

/** The property that names a member of a group: of 4.0 (RFC 6350, section 6.6.5), and of Apple's programs. */
export const memberNames: readonly string[] = ['MEMBER', 'X-ADDRESSBOOKSERVER-MEMBER']

/** A parameter. A bare one of 2.1 (`TEL;HOME:`) has the name that it stands for: TYPE, ENCODING or VALUE. */
export interface Param {
  /** In capitals. */
  readonly name: string
  /** Without quotes, RFC 6868's `^n` decoded. */
  readonly values: readonly string[]
  /** As it stands in the text, without the semicolon before it. */
  readonly raw: string
}

/** A content line (RFC 6350, section 3.3). What is none (a blank line, a text without a colon) has an empty name. */
export interface Line {
  /** As spelled; empty where there is none. */
  readonly group: string
  /** In capitals. */
  readonly name: string
  readonly params: readonly Param[]
  /** All before the colon, unfolded. */
  readonly head: string
  /** All after the colon, unfolded; escapes and encodings are left as they are. */
  readonly value: string
  /** The text that it came as, with its folding and its line break. */
  readonly raw: string
  /** Where it begins in its file, from 1; 0 for a line of our own. */
  readonly number: number
}

export interface Card {
  /** From BEGIN to END, with all between them. */
  readonly lines: readonly Line[]
  /** Null where the card names none that we know: it is read as 3.0 is. */
  readonly version: Version | null
  /** False where the file, or the next card, began before END:VCARD. */
  readonly ended: boolean
}

/** A text that is no card, or not one that we take. The message is a sentence for a person, and says what to do. */
export class CardFault extends Error {
  override readonly name = 'CardFault'
  /** Counted from 1, in the file. */
  readonly line: number
  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/**
 * A change that contradicts itself. The pointer names the member (RFC 6901); the message is a sentence for a person.
 */
export class ChangeFault extends Error {
  override readonly name = 'ChangeFault'
  readonly pointer: string
  constructor(pointer: string, message: string) {
    super(message)
    this.pointer = pointer
  }
}

export interface LabeledValue {
  readonly value: string
  /** `home`, `mobile`, `home fax`, or words of one's own. */
  readonly label: string | null
}

/** An e-mail address or a phone number. */
export interface Reach extends LabeledValue {
  /** True for one of them: the one that its program prefers, else the first. */
  readonly primary: boolean
}

export interface Address {
  readonly street: string | null
  readonly extended: string | null
  readonly po_box: string | null
  readonly city: string | null
  readonly region: string | null
  readonly postal_code: string | null
  readonly country: string | null
  readonly label: string | null
  readonly primary: boolean
}

export interface Messenger extends LabeledValue {
  /** `Jabber`, `Skype`, …; null where the card does not say. */
  readonly service: string | null
}

export interface Organization {
  readonly name: string | null
  readonly units: readonly string[]
  readonly title: string | null
  readonly role: string | null
}

/** A property that only others understand. */
export interface Custom extends LabeledValue {
  /** `X-…`, as spelled. */
  readonly name: string
}

export interface NameParts {
  readonly prefix: string | null
  readonly middle: string | null
  readonly suffix: string | null
  readonly nickname: string | null
  readonly phonetic_first: string | null
  readonly phonetic_last: string | null
}

/** The lists of a card. Members without a value are left out of them, and stay in the card. */
export interface CardLists {
  readonly emails: readonly Reach[]
  readonly phones: readonly Reach[]
  readonly addresses: readonly Address[]
  readonly urls: readonly LabeledValue[]
  readonly messengers: readonly Messenger[]
  readonly organizations: readonly Organization[]
  /** A value is `YYYY-MM-DD`, `--MM-DD`, or, where it is no date, the text. */
  readonly dates: readonly LabeledValue[]
  readonly relations: readonly LabeledValue[]
  readonly labels: readonly string[]
  readonly custom: readonly Custom[]
}

/** What the columns of a contact hold. */
export interface CardColumns {
  readonly first_name: string | null
  readonly last_name: string | null
  readonly full_name: string
  readonly email: string | null
  readonly phone: string | null
  /** `YYYY-MM-DD`, or `--MM-DD` where the year is unknown; null for what is no date. */
  readonly birthday: string | null
  readonly additional: string | null
}

/** All that the wire shows of a card. */
export interface CardFields extends CardColumns, CardLists {
  readonly name: NameParts
  /** Null where the card does not say. */
  readonly favorite: boolean | null
  readonly uid: string | null
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | null | undefined }

/** A member of a list as somebody sends it: label, primary and empty parts may be left out. */
export type ReachInput = { readonly value: string } & Optional<Reach>
export type LabeledInput = { readonly value: string } & Optional<LabeledValue>
export type MessengerInput = { readonly value: string } & Optional<Messenger>
export type CustomInput = { readonly name: string; readonly value: string } & Optional<Custom>
export type AddressInput = Optional<Address>
export type OrganizationInput = Optional<Organization>

/**
 * Changes to a card. What is left out, or equal to what is read from it now, stays as it is. Null empties: a value, or
 * a list.
 */
export interface CardChanges {
  readonly first_name?: string | null | undefined
  readonly last_name?: string | null | undefined
  readonly email?: string | null | undefined
  readonly phone?: string | null | undefined
  readonly birthday?: string | null | undefined
  readonly additional?: string | null | undefined
  readonly name?: Optional<NameParts> | null | undefined
  readonly emails?: readonly ReachInput[] | null | undefined
  readonly phones?: readonly ReachInput[] | null | undefined
  readonly addresses?: readonly AddressInput[] | null | undefined
  readonly urls?: readonly LabeledInput[] | null | undefined
  readonly messengers?: readonly MessengerInput[] | null | undefined
  readonly organizations?: readonly OrganizationInput[] | null | undefined
  readonly dates?: readonly LabeledInput[] | null | undefined
  readonly relations?: readonly LabeledInput[] | null | undefined
  readonly labels?: readonly string[] | null | undefined
  readonly custom?: readonly CustomInput[] | null | undefined
}
