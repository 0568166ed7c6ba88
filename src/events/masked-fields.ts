/** Header fields and targets of requests as events show them. */

/** A header field of an event. */
export interface EventField {
  readonly key: string
  readonly value: string
}

/** Names of fields whose values are credentials, in lower case. */
const SECRET = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'otoroshi-client-secret',
  'otoroshi-authorization',
  'otoroshi-token',
  'otoroshi-claim',
  'otoroshi-private-token',
  'x-api-key',
])

/** By length, the first letters that occur: most names that clients write are told from secret ones by these. */
const BEGINNINGS: readonly string[] = Array.from({ length: 32 }, (_, length) =>
  [...SECRET].map(name => (name.length === length ? name[0]! + name[0]!.toUpperCase() : '')).join(''),
)

/** Header fields that can be visited one by one. */
export interface VisitedFields {
  visit(each: (name: string, value: string) => void): void
}

/** The fields as events show them: values that are credentials masked. */
export function maskedFields(from: Iterable<readonly [string, string]> | VisitedFields): EventField[] {
  const list: EventField[] = []
  const add = (key: string, value: string): void => {
    list.push({ key, value: isSecret(key) ? '***' : value })
  }
  if ('visit' in from) from.visit(add)
  else for (const [key, value] of from) add(key, value)
  return list
}

/** Query parameters in which this gateway takes credentials, by the names they usually have. */
const SECRET_PARAMETER = /([?&](?:pappsToken|bearer_auth|basic_auth|access_token|x-api-key)=)[^&#]+/gi

/** The target of a request as events show it: values of parameters that are credentials masked. */
export function maskedTarget(target: string): string {
  return target.includes('?') ? target.replace(SECRET_PARAMETER, '$1***') : target
}

function isSecret(name: string): boolean {
  return BEGINNINGS[name.length]?.includes(name[0]!) === true && SECRET.has(name.toLowerCase())
}
