/** JSONPath read into steps: the part of the language that Otoroshi's documentation and examples use. */
import { type Cursor, cursorOf, PathFault } from './cursor.ts'
import { type Filter, readFilter } from './filter.ts'

export type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'every' }
  | { readonly kind: 'items'; readonly indexes: readonly number[] }
  | { readonly kind: 'slice'; readonly from: number; readonly to: number }
  | { readonly kind: 'filter'; readonly filter: Filter }
  /** What follows is looked for at any depth. */
  | { readonly kind: 'deep' }
  | { readonly kind: 'length' }

export interface JsonPath {
  /** From the whole document rather than from the value that a filter looks at. */
  readonly fromRoot: boolean
  readonly steps: readonly Step[]
  /** Leads to one value at most; otherwise what is found is a list. */
  readonly definite: boolean
}

const LONGEST = 2000

/** Reads a path; `$` may be left out. Throws `PathFault`. */
export function readPath(text: string): JsonPath {
  if (text.length > LONGEST) throw new PathFault(`a path has at most ${LONGEST} characters`)
  const cursor = cursorOf(text.trim())
  const path = pathAt(cursor, /^[$@]/.test(cursor.rest()) ? null : '$')
  if (!cursor.atEnd()) throw cursor.unexpected()
  return path
}

/** Reads a path that begins with `$` or `@`, or as if it did. */
export function pathAt(cursor: Cursor, missing: '$' | null = null): JsonPath {
  const root = missing ?? cursor.take(/[$@]/y)
  if (root === null) throw cursor.unexpected()
  const steps: Step[] = []
  if (missing !== null && cursor.peek() !== '[') steps.push(stepBehindDot(cursor))
  for (let step = nextSteps(cursor); step !== null; step = nextSteps(cursor)) steps.push(...step)
  if (steps.slice(0, -1).some(({ kind }) => kind === 'length')) throw new PathFault('length() ends a path')
  return { fromRoot: root === '$', steps, definite: steps.every(isDefinite) }
}

function isDefinite(step: Step): boolean {
  return (
    step.kind === 'name' || step.kind === 'length' || (step.kind === 'items' && step.indexes.length === 1)
  )
}

function nextSteps(cursor: Cursor): Step[] | null {
  if (cursor.take(/\.\./y) !== null)
    return [{ kind: 'deep' }, cursor.peek() === '[' ? bracket(cursor) : stepBehindDot(cursor)]
  // `$.['a']` is taken for `$['a']`.
  if (cursor.take(/\.(?=\[)/y) !== null || cursor.peek() === '[') return [bracket(cursor)]
  if (cursor.take(/\./y) !== null) return [stepBehindDot(cursor)]
  return null
}

function stepBehindDot(cursor: Cursor): Step {
  if (cursor.take(/\*/y) !== null) return { kind: 'every' }
  const name = cursor.take(/[\p{L}\p{N}_$-]+/uy)
  if (name === null) throw cursor.unexpected()
  if (cursor.take(/\(\s*\)/y) === null) return { kind: 'name', name }
  if (name !== 'length' && name !== 'size') throw new PathFault(`the function ${name}() is not there`)
  return { kind: 'length' }
}

function bracket(cursor: Cursor): Step {
  cursor.expect('[')
  const step = inside(cursor)
  cursor.skipSpace()
  cursor.expect(']')
  return step
}

function inside(cursor: Cursor): Step {
  cursor.skipSpace()
  if (cursor.take(/\*/y) !== null) return { kind: 'every' }
  // In parentheses, as Otoroshi has them, or without (RFC 9535).
  if (cursor.take(/\?/y) !== null) return { kind: 'filter', filter: readFilter(cursor, pathAt) }
  const name = cursor.text()
  if (name !== null) {
    cursor.skipSpace()
    if (cursor.peek() === ',') throw new PathFault('a step names one field')
    return { kind: 'name', name }
  }
  return indexes(cursor)
}

function indexes(cursor: Cursor): Step {
  const text = cursor.take(/-?\d{0,9}\s*(?::\s*-?\d{0,9}|(?:,\s*-?\d{1,9}\s*)*)/y) ?? ''
  if (text.includes(':')) {
    const [from = '', to = ''] = text.split(':').map(part => part.trim())
    return {
      kind: 'slice',
      from: from === '' ? 0 : Number(from),
      to: to === '' ? Number.POSITIVE_INFINITY : Number(to),
    }
  }
  const list = text.split(',').map(part => part.trim())
  if (list.some(part => !/^-?\d+$/.test(part))) throw cursor.unexpected()
  return { kind: 'items', indexes: list.map(Number) }
}
