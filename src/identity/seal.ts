/**
 * Texts that go through the hands of a browser: signed so that they come back as they were, or sealed so that nobody reads
 * them on the way.
 *
 * Guarantees: comparisons take no time that depends on what is kept; what `Seal` opens was sealed here, for the same use,
 * and is not past its end. `legacyCipher` guarantees little: it is upstream's form, for what must be read by others.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  type KeyObject,
  createSecretKey,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'

/** HMAC-SHA256 in lower-case hexadecimal, as upstream signs links and session ids. */
export class Signer {
  readonly #key: KeyObject

  /** `secret`: setting `play.http.secret.key`. */
  constructor(secret: string) {
    this.#key = createSecretKey(Buffer.from(secret))
  }

  sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex')
  }

  /** True when `signature` is that of the text. */
  verifies(text: string, signature: string): boolean {
    const wanted = Buffer.from(this.sign(text))
    const given = Buffer.from(signature)
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }

  /** `sign(id)::id`: the form of session ids in cookies, headers and queries. */
  signedId(id: string): string {
    return `${this.sign(id)}::${id}`
  }

  /** The id in that form, or null when the signature is not ours. */
  idIn(text: string): string | null {
    if (text.length > LONGEST_ID || text.indexOf('::') !== 64) return null
    const id = text.slice(66)
    return this.verifies(id, text.slice(0, 64)) ? id : null
  }
}

const LONGEST_ID = 1024

/** Bytes of key, nonce and tag of AES-256-GCM. */
const KEY = 32
const NONCE = 12
const TAG = 16
/** Characters of the longest text that is opened. */
const LONGEST_SEALED = 32_768

/** Seals JSON values for a use and a time (AES-256-GCM under a key derived for the use by HKDF-SHA256). */
export class Seal {
  readonly #key: KeyObject

  /** `use`: what is sealed for one use is not opened for another. */
  constructor(secret: string, use: string) {
    const key = hkdfSync('sha256', secret, 'otoroshi', use, KEY)
    this.#key = createSecretKey(Buffer.from(key))
  }

  /** base64url. `until`: epoch milliseconds. */
  close(value: unknown, until: number): string {
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    const body = Buffer.concat([cipher.update(JSON.stringify([until, value])), cipher.final()])
    return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url')
  }

  /** What was sealed, or null: not ours, changed, or past its end at `now`. */
  open(text: string, now: number): unknown {
    if (text.length > LONGEST_SEALED || !/^[A-Za-z0-9_-]+$/.test(text)) return null
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length <= NONCE + TAG) return null
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE), {
      authTagLength: TAG,
    })
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG))
    try {
      const body = decipher.update(bytes.subarray(NONCE, bytes.length - TAG))
      const [until, value] = JSON.parse(Buffer.concat([body, decipher.final()]).toString()) as [
        number,
        unknown,
      ]
      return now < until ? value : null
    } catch {
      return null
    }
  }
}

/** Upstream's `aes(x)`: AES/ECB/PKCS5 under a secret padded with `0` to 16 characters, url-safe base64 with padding. */
export interface LegacyCipher {
  seal(text: string): string
  /** Null when the text was not made with this secret. */
  unseal(text: string): string | null
}

/** `secret`: setting `otoroshi.secret`. Neither authenticated nor salted: equal texts look equal. For upstream's tokens only. */
export function legacyCipher(secret: string): LegacyCipher {
  const key = Buffer.from(secret.padEnd(16, '0').slice(0, 16)).subarray(0, 16)
  return {
    seal(text) {
      const cipher = createCipheriv('aes-128-ecb', key, null)
      const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
    },
    unseal(text) {
      if (!/^[A-Za-z0-9_=-]+$/.test(text)) return null
      try {
        const decipher = createDecipheriv('aes-128-ecb', key, null)
        return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString(
          'utf8',
        )
      } catch {
        return null
      }
    },
  }
}
