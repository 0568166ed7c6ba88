/** Heads as they lie in memory: the hashes of their tags, then JSON. */
import type { HeadFacts } from './stored-head.ts'
import type { Tag } from './tags.ts'

const TAG_BYTES = 8

/** Largest head that is kept, bytes: more headers than that are no answer worth keeping. */
export const MOST_HEAD = 32_768

/** Null for a head that is too large. */
export function writeHead(facts: HeadFacts, tags: readonly Tag[]): Buffer | null {
  const text = JSON.stringify(facts)
  const length = tags.length * TAG_BYTES + Buffer.byteLength(text)
  if (length > MOST_HEAD) return null
  const bytes = Buffer.allocUnsafe(length)
  tags.forEach(([high, low], i) => {
    bytes.writeInt32LE(high!, i * TAG_BYTES)
    bytes.writeInt32LE(low!, i * TAG_BYTES + 4)
  })
  bytes.write(text, tags.length * TAG_BYTES)
  return bytes
}

/** `tags`: how many hashes stand before the text. */
export function readHead(bytes: Buffer, tags: number): HeadFacts {
  return JSON.parse(bytes.toString('utf8', tags * TAG_BYTES)) as HeadFacts
}

/** The hashes that stand before the text. */
export function readTags(bytes: Buffer, tags: number): Tag[] {
  return Array.from({ length: tags }, (_, i) =>
    Int32Array.of(bytes.readInt32LE(i * TAG_BYTES), bytes.readInt32LE(i * TAG_BYTES + 4)),
  )
}

/** Bytes the hashes take. */
export function tagBytes(tags: number): number {
  return tags * TAG_BYTES
}
