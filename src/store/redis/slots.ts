/** Hash slots of a Redis cluster (Redis cluster specification, "Key distribution model"). */

export const slotCount = 16_384

/** CRC-16/XMODEM over what stands between the first braces, or over the whole key, modulo the number of slots. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  const bytes = Buffer.from(close > open + 1 ? key.slice(open + 1, close) : key)
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc % slotCount
}

let tags: string[] | undefined

/** A word whose slot is the given one: in braces it takes a key there. */
export function tagOf(slot: number): string {
  tags ??= findTags()
  return tags[slot]!
}

function findTags(): string[] {
  const found: string[] = []
  let missing = slotCount
  for (let i = 0; missing > 0; i++) {
    const word = i.toString(36)
    const slot = slotOf(word)
    if (found[slot] !== undefined) continue
    found[slot] = word
    missing--
  }
  return found
}
