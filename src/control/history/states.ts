/**
 * The text of an entity before and after a change as one text: the one after, and of the one before what differs in the
 * middle. Costs a comparison of the two texts and no parsing.
 */
import type { Sides } from './change-record.ts'

/** The entity a state is of. */
export interface StateHead {
  readonly kind: string
  readonly id: string
  /** Key of the entity without the storage root. */
  readonly place: string
}

/** Texts of an entity before (null: there was none) and after (null: nothing is left). */
export type States = Sides<string>

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

/** A first line in front of the states: of entities that were changed together, to be told apart. */
export function headLine({ kind, id, place }: StateHead): string {
  return `${JSON.stringify([kind, id, place])}\n`
}

/** Reads a text that may have such a line. Null when somebody else wrote it. */
export function readState(text: string): { head: StateHead | null; states: States | null } | null {
  if (!text.startsWith('[')) return { head: null, states: unpackStates(text) }
  const end = text.indexOf('\n')
  const head = end < 0 ? null : headIn(text.slice(0, end))
  return head === null ? null : { head, states: unpackStates(text.slice(end + 1)) }
}

function headIn(line: string): StateHead | null {
  try {
    const [kind, id, place]: unknown[] = JSON.parse(line)
    if (typeof kind !== 'string' || typeof id !== 'string' || typeof place !== 'string') return null
    return { kind, id, place }
  } catch {
    return null
  }
}
