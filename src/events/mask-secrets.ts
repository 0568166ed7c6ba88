/** Entities as events show them: without what lets somebody log in. */

/** Names of fields whose texts are secrets, in lower case. */
const SECRET = new Set([
  'apikey',
  'bearer',
  'clientsecret',
  'jaasconfig',
  'keypass',
  'nextsecret',
  'passphrase',
  'password',
  'privatekey',
  'secret',
  'secretkey',
  'token',
])
const PASSWORD_HASH = /^\$2[abxy]?\$\d\d\$/
const MASK = '***'

/** A copy with secrets masked: fields of known names, password hashes anywhere. */
export function maskSecrets(value: unknown): unknown {
  if (typeof value === 'string') return PASSWORD_HASH.test(value) ? MASK : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(maskSecrets)
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecret(name) && typeof inner === 'string' && inner !== '' ? MASK : maskSecrets(inner),
    ]),
  )
}

function isSecret(name: string): boolean {
  return SECRET.has(name.toLowerCase().replaceAll('_', ''))
}
