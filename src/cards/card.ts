/**
 * Parses, edits and prints vCards of the versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350). This room promises that
 * nothing is lost: a card is a list of lines with their original text. An edit rewrites only the lines that it changes,
 * and printing an unchanged card returns its original text. The room uses no database and no network. Errors:
 * `CardFault` for an invalid card, `ChangeFault` for a contradictory change. It throws nothing else.
 */

export type Version = '2.1' | '3.0' | '4.0'

/** The properties for a member of a group, in 4.0 (RFC 6350, section 6.6.5) and in Apple's programs. */
export const memberNames: readonly string[] = ['MEMBER', 'X-ADDRESSBOOKSERVER-MEMBER']

/** A parameter. A bare one of 2.1 (`TEL;HOME:`) gets its implied name: TYPE, ENCODING or VALUE. */
export interface Param {
  /** In capitals. */
  readonly name: string
  /** Without quotes, and with RFC 6868's `^n` decoded. */
  readonly values: readonly string[]
  /** The original text, without the semicolon before it. */
  readonly raw: string
}

/** A content line (RFC 6350, section 3.3). Any other line (blank, or without a colon) has an empty name. */
export interface Line {
  /** In its original spelling; empty if there is none. */
  readonly group: string
  /** In capitals. */
  readonly name: string
  readonly params: readonly Param[]
  /** The text before the colon, unfolded. */
  readonly head: string
  /** The text after the colon, unfolded but not decoded. */
  readonly value: string
  /** The original text, with its folding and its line break. */
  readonly raw: string
  /** The number of its first line in the file, from 1; 0 for a line that was not read from a file. */
  readonly number: number
}

export interface Card {
  /** All lines from BEGIN to END, both included. */
  readonly lines: readonly Line[]
  /** Null for a missing or unknown version, which is read like 3.0. */
  readonly version: Version | null
  /** False if END:VCARD is missing before the next card or the end of the file. */
  readonly ended: boolean
}

/** An invalid or unsupported card. The message tells a person what to do. */
export class CardFault extends Error {
  override readonly name = 'CardFault'
  /** The line's number in the file, from 1. */
  readonly line: number
  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** A contradictory change. The JSON pointer (RFC 6901) names the member; the message is for a person. */
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
  /** `home`, `mobile`, `home fax`, or any other text. */
  readonly label: string | null
}

/** An e-mail address or a phone number. */
export interface Reach extends LabeledValue {
  /** True for exactly one of a list: the preferred one, else the first. */
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
  /** `Jabber`, `Skype`, …; null if the card has none. */
  readonly service: string | null
}

export interface Organization {
  readonly name: string | null
  readonly units: readonly string[]
  readonly title: string | null
  readonly role: string | null
}

/** A property that only other programs understand. */
export interface Custom extends LabeledValue {
  /** `X-…`, in its original spelling. */
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

/** The lists of a card. Members without a value are omitted here, but stay in the card. */
export interface CardLists {
  readonly emails: readonly Reach[]
  readonly phones: readonly Reach[]
  readonly addresses: readonly Address[]
  readonly urls: readonly LabeledValue[]
  readonly messengers: readonly Messenger[]
  readonly organizations: readonly Organization[]
  /** A value is `YYYY-MM-DD`, `--MM-DD`, or a text that is no date. */
  readonly dates: readonly LabeledValue[]
  readonly relations: readonly LabeledValue[]
  readonly labels: readonly string[]
  readonly custom: readonly Custom[]
}

/** The columns of a contact. */
export interface CardColumns {
  readonly first_name: string | null
  readonly last_name: string | null
  readonly full_name: string
  readonly email: string | null
  readonly phone: string | null
  /** `YYYY-MM-DD`, or `--MM-DD` without a year; null if it is no date. */
  readonly birthday: string | null
  readonly additional: string | null
}

/** The fields of a card in the API. */
export interface CardFields extends CardColumns, CardLists {
  readonly name: NameParts
  /** Null if the card has none. */
  readonly favorite: boolean | null
  readonly uid: string | null
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | null | undefined }

/** A member of a list in a request: label, primary and empty parts are optional. */
export type ReachInput = { readonly value: string } & Optional<Reach>
export type LabeledInput = { readonly value: string } & Optional<LabeledValue>
export type MessengerInput = { readonly value: string } & Optional<Messenger>
export type CustomInput = { readonly name: string; readonly value: string } & Optional<Custom>
export type AddressInput = Optional<Address>
export type OrganizationInput = Optional<Organization>

/** Changes to a card. Omitted and equal values leave it as it is. Null removes a value, or all members of a list. */
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
