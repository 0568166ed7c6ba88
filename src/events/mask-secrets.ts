/**
 * Entities as events show them: without what lets somebody log in.
 *
 * Guarantees: texts in fields whose names tell that they are secrets, password hashes, private keys and passwords in URLs
 * are masked, at any depth. Not guaranteed: that a secret in a field with a harmless name is found.
 */

/** Ends of names of secrets, in lower case and without separators. */
const SECRET_NAME =
  /(?:passw(?:or)?d|passphrase|secret|token|bearer|credential|apikey|authorization|cookie|(?:access|account|consumer|encryption|hmac|license|master|private|secret|shared|signing)key)s?$|^(?:apikeyprivate|jaasconfig|keypass)$/
const PASSWORD_HASH = /^\$2[abxy]?\$\d\d\$/
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/
/** User and password in front of a host. Looked for where there is a `://` only. */
const IN_URL = /(:\/\/[^\s/@:]{0,200}):[^\s/@]{1,200}@/g
/** Longer names are of data, not of secrets. */
const LONGEST_NAME = 100
const MASK = '***'

type Json = Readonly<Record<string, unknown>>

/** A copy with secrets masked. */
export function maskSecrets(value: unknown): unknown {
  if (typeof value === 'string') return maskedText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(maskSecrets)
  const named = nameInside(value as Json)
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecret(name) || (name === 'value' && named) ? hidden(inner) : maskSecrets(inner),
    ]),
  )
}

/** `{name, value}` as lists of header fields have it. */
function nameInside({ name, key, header }: Json): boolean {
  return [name, key, header].some(text => typeof text === 'string' && isSecret(text))
}

function hidden(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? value : MASK
  return Array.isArray(value) ? value.map(hidden) : maskSecrets(value)
}

function maskedText(text: string): string {
  if (PASSWORD_HASH.test(text) || PRIVATE_KEY.test(text)) return MASK
  return text.includes('://') ? text.replace(IN_URL, `$1:${MASK}@`) : text
}

function isSecret(name: string): boolean {
  return name.length <= LONGEST_NAME && SECRET_NAME.test(name.toLowerCase().replace(/[_\-. ]/g, ''))
}
