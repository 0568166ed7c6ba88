/** Digests of content (RFC 9530, 2). */
import { createHash, timingSafeEqual } from 'node:crypto'
import { parseDictionary } from 'structured-headers'

const hashes = { 'sha-256': 'sha256', 'sha-512': 'sha512' } as const

export type DigestAlgorithm = keyof typeof hashes

/** Value of a `Content-Digest` field. */
export function contentDigest(content: Uint8Array, algorithm: DigestAlgorithm): string {
  return `${algorithm}=:${createHash(hashes[algorithm]).update(content).digest('base64')}:`
}

/** Why the digests of the field are not those of the content; null when every one that is known fits, and one is. */
export function digestFault(field: string, content: Uint8Array): string | null {
  let known = 0
  try {
    for (const [name, [value]] of parseDictionary(field)) {
      if (!Object.hasOwn(hashes, name)) continue
      known++
      if (!(value instanceof ArrayBuffer)) return `the digest ${name} is no byte sequence`
      const expected = createHash(hashes[name as DigestAlgorithm])
        .update(content)
        .digest()
      const given = new Uint8Array(value)
      if (given.length !== expected.length || !timingSafeEqual(given, expected))
        return `the digest ${name} is not that of the content`
    }
  } catch {
    return 'Content-Digest cannot be read'
  }
  return known === 0 ? 'Content-Digest names no algorithm that is known' : null
}
