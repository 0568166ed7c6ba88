/**
 * The text of an entity before and after a change as one text: the one after, and of the one before what differs in the
 * middle. Costs a comparison of the two texts and no parsing.
 */

export interface States {
  /** Null: there was nothing. */
  readonly before: string | null
  /** Null: nothing is left. */
  readonly after: string | null
}

const shape = /^(?:([cd])|u (\d{1,9}) (\d{1,9}) (\d{1,9}))\n/

/** Writes them. At least one is a text. */
export function packStates({ before, after }: States): string {
  if (before === null) return `c\n${after ?? ''}`
  if (after === null) return `d\n${before}`
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start++
  // Half a character cannot be stored.
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) start--
  let end = 0
  while (
    end < shorter - start &&
    before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)
  )
    end++
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) end--
  const middle = before.slice(start, before.length - end)
  return `u ${start} ${end} ${middle.length}\n${middle}${after}`
}

/** Reads them; null when the text was written by somebody else. */
export function unpackStates(text: string): States | null {
  const found = shape.exec(text)
  if (found === null) return null
  const rest = text.slice(found[0].length)
  if (found[1] === 'c') return { before: null, after: rest }
  if (found[1] === 'd') return { before: rest, after: null }
  const [start, end, length] = [Number(found[2]), Number(found[3]), Number(found[4])]
  const after = rest.slice(length)
  if (length > rest.length || start + end > after.length) return null
  const before = after.slice(0, start) + rest.slice(0, length) + after.slice(after.length - end)
  return { before, after }
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}
