/** Header fields as events show them. */

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

/** Bit `n`: one of them is `n` long. Most names that clients write are told from them without being looked at. */
const LENGTHS = [...SECRET].reduce((bits, { length }) => bits | (1 << length), 0)

/** The fields as events show them: values that are credentials masked. */
export function maskedFields(from: Iterable<readonly [string, string]>): EventField[] {
  const list: EventField[] = []
  for (const [key, value] of from) list.push({ key, value: isSecret(key) ? '***' : value })
  return list
}

function isSecret(name: string): boolean {
  const { length } = name
  return length < 31 && (LENGTHS & (1 << length)) !== 0 && SECRET.has(name.toLowerCase())
}
