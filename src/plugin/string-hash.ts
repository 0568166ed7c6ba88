/** A hash that is the same on every instance, and the same as upstream's: what it decides survives a move. Not for secrets. */

/** Of Scala's string hash. */
const SEED = 0xf7ca7fd2 | 0

/** MurmurHash3 (x86, 32 bits) over UTF-16 code units, two to a block, as Scala has it. Signed. */
export function stringHash(text: string): number {
  let hash = SEED
  const length = text.length
  let i = 0
  for (; i + 1 < length; i += 2) {
    hash = mixLast(hash, ((text.charCodeAt(i) << 16) + text.charCodeAt(i + 1)) | 0)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  if (i < length) hash = mixLast(hash, text.charCodeAt(i))
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function mixLast(hash: number, block: number): number {
  const k = Math.imul(block, 0xcc9e2d51)
  return hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593)
}
