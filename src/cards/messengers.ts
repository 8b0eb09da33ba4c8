import type { Line } from './card.ts'
import { encodeParam, paramValues } from './lines.ts'
import { orNull } from './values.ts'

/** Properties that stand for one service, before IMPP (RFC 4770) or beside it. */
const services: Readonly<Record<string, string>> = {
  'X-AIM': 'AIM',
  'X-ICQ': 'ICQ',
  'X-JABBER': 'Jabber',
  'X-MSN': 'MSN',
  'X-YAHOO': 'Yahoo',
  'X-SKYPE': 'Skype',
  'X-SKYPE-USERNAME': 'Skype',
  'X-GTALK': 'Google Talk',
  'X-GOOGLE-TALK': 'Google Talk',
  'X-GOOGLE TALK': 'Google Talk',
  'X-QQ': 'QQ',
  'X-SIP': 'SIP',
  'X-GADUGADU': 'Gadu-Gadu',
  'X-GROUPWISE': 'GroupWise',
  'X-SAMETIME': 'Sametime',
  'X-TELEGRAM': 'Telegram',
  'X-TWITTER': 'Twitter',
}

/** Schemes of IMPP and the services that they stand for. */
const schemes: Readonly<Record<string, string>> = {
  xmpp: 'Jabber',
  skype: 'Skype',
  aim: 'AIM',
  icq: 'ICQ',
  msn: 'MSN',
  msnim: 'MSN',
  ymsgr: 'Yahoo',
  gtalk: 'Google Talk',
  sip: 'SIP',
  tg: 'Telegram',
  matrix: 'Matrix',
}

/** All properties that are a messenger. */
export const messengerNames = new Set(['IMPP', 'X-MS-IMADDRESS', 'X-SOCIALPROFILE', ...Object.keys(services)])

/** The service that a line names: by its property, or by Apple's or RFC 9554's parameter. */
export function fixedService(line: Line): string | undefined {
  const [named] = [...paramValues(line, 'X-SERVICE-TYPE'), ...paramValues(line, 'SERVICE-TYPE')]
  const [type] =
    line.name === 'X-SOCIALPROFILE' ? paramValues(line, 'TYPE').filter((type) => !/^pref$/i.test(type)) : []
  return services[line.name] ?? orNull(named) ?? orNull(type) ?? undefined
}

/** The service of an IMPP's URI; null where its scheme stands for none. */
export const uriService = (value: string): string | null => {
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]*):/i.exec(value) ?? []
  return schemes[scheme.toLowerCase()] ?? null
}

/**
 * The head of a line for a new messenger: IMPP, with Apple's X-SERVICE-TYPE where the URI does not say the service. A
 * name that is no URI stands in the property that its service has.
 */
export function newMessengerHead(value: string, service: string | null): string {
  const isUri = /^[a-z][a-z0-9+.-]*:/i.test(value)
  const [own] = Object.entries(services).find(([, called]) => called === service) ?? []
  if (!isUri && own) return own
  if (service === null || uriService(value) === service) return 'IMPP'
  return `IMPP;X-SERVICE-TYPE=${encodeParam(service)}`
}
