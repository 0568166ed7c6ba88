/** The header `hmac algorithm="…", headers="…", signature="…"` of HMACCaller and HMACValidator. */
import { createHmac } from 'node:crypto'

/** Names of settings and headers → hash. */
export const hmacHashes = {
  'HMAC-SHA1': 'sha1',
  'HMAC-SHA256': 'sha256',
  'HMAC-SHA384': 'sha384',
  'HMAC-SHA512': 'sha512',
} as const

export type HmacAlgorithm = keyof typeof hmacHashes

export interface HmacHeader {
  readonly algorithm: HmacAlgorithm
  /** Names of the signed fields, in lower case. */
  readonly fields: readonly string[]
  readonly signature: string
}

const LONGEST = 4_096
const PART = /^\s*(algorithm|headers|signature)="([^"]*)"\s*$/

/** Signature of the text, base64. */
export function hmacOf(algorithm: HmacAlgorithm, secret: string, text: string): string {
  return createHmac(hmacHashes[algorithm], secret).update(text, 'latin1').digest('base64')
}

export function writeHmac(algorithm: HmacAlgorithm, fields: string, signature: string): string {
  return `hmac algorithm="${algorithm.toLowerCase()}", headers="${fields}", signature="${signature}"`
}

/** Reads a header; null when it is none, or signs nothing. */
export function readHmac(header: string): HmacHeader | null {
  if (header.length > LONGEST || !/^hmac\s/i.test(header)) return null
  const parts = new Map<string, string>()
  for (const part of header.slice(5).split(',')) {
    const [, name, value] = PART.exec(part) ?? []
    if (name === undefined || parts.has(name)) return null
    parts.set(name, value!)
  }
  const algorithm = (parts.get('algorithm') ?? 'hmac-sha256').toUpperCase()
  const fields = (parts.get('headers') ?? '')
    .toLowerCase()
    .split(' ')
    .filter(name => name !== '')
  const signature = parts.get('signature') ?? ''
  if (!Object.hasOwn(hmacHashes, algorithm) || fields.length === 0 || signature === '') return null
  return { algorithm: algorithm as HmacAlgorithm, fields, signature }
}
