/** Keys written into settings. */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'

const PREFIXES = [
  ['base64:', 'base64', /^[A-Za-z0-9+/]+={0,2}$/],
  ['base64url:', 'base64url', /^[A-Za-z0-9_-]+={0,2}$/],
  ['hex:', 'hex', /^(?:[\da-f]{2})+$/i],
] as const

/** A secret: the text itself, or what stands behind `base64:`, `base64url:` or `hex:`. Throws when there is none. */
export function secretOf(text: string): KeyObject {
  for (const [prefix, encoding, form] of PREFIXES) {
    if (!text.startsWith(prefix)) continue
    const encoded = text.slice(prefix.length).replace(/\s+/g, '')
    if (!form.test(encoded)) throw new Error(`a secret behind ${prefix} is not written in ${encoding}`)
    return createSecretKey(Buffer.from(encoded, encoding))
  }
  if (text === '') throw new Error('a secret is empty')
  return createSecretKey(Buffer.from(text, 'utf8'))
}

/**
 * A secret or a PEM text. `half`: which half of a key pair is wanted. Throws on a PEM that cannot be read: it is never taken for
 * a secret.
 */
export function inlineKey(text: string, half: 'public' | 'private'): KeyObject {
  if (!text.includes('-----BEGIN')) return secretOf(text.trim())
  try {
    return half === 'public' ? createPublicKey(text) : createPrivateKey(text)
  } catch {
    // What the parser says may quote the key.
    throw new Error(`a PEM text holds no ${half} key that can be read`)
  }
}
