/** What parsing a JSON text would cost, told from its bytes in one pass, before anything is built. */

export interface JsonCost {
  readonly depth: number
  /** Number of values, roughly: commas, brackets and braces outside of strings. */
  readonly values: number
}

/** Stops early once a limit is passed. The text need not be valid. */
export function jsonCost(text: Uint8Array, maxDepth: number, maxValues: number): JsonCost {
  let depth = 0
  let deepest = 0
  let values = 1
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const byte = text[i]!
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      values++
      if (++depth > deepest) deepest = depth
      if (depth > maxDepth) break
    } else if (byte === 0x5d || byte === 0x7d) depth--
    else if (byte === 0x2c && ++values > maxValues) break
  }
  return { depth: deepest, values }
}
