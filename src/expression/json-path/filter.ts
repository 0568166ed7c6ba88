/** Filters of JSONPath: `[?(@.port > 1024 && @.tls)]`. */
import { guardedRegex, UnsupportedPattern } from '../regex/index.ts'
import { type Cursor, PathFault } from './cursor.ts'
import type { JsonPath } from './path.ts'

/** What a path leads to from the value that is looked at; undefined: nothing. */
export type Lookup = (path: JsonPath) => unknown
export type Filter = (lookup: Lookup) => boolean

type PathReader = (cursor: Cursor) => JsonPath
type Operand = (lookup: Lookup) => unknown

/** What a path leads to that may lead to many. */
class Found extends Array<unknown> {}

/** Parentheses inside of each other. */
const DEEPEST = 20

/** Reads a filter up to the parenthesis that closes it. Throws `PathFault`. `pathAt` reads paths in it. */
export function readFilter(cursor: Cursor, pathAt: PathReader, depth = 0): Filter {
  if (depth > DEEPEST) throw new PathFault('a filter is nested too deeply')
  const any = [conjunction(cursor, pathAt, depth)]
  while (taken(cursor, /\|\|/y)) any.push(conjunction(cursor, pathAt, depth))
  return lookup => any.some(test => test(lookup))
}

function conjunction(cursor: Cursor, pathAt: PathReader, depth: number): Filter {
  const all = [term(cursor, pathAt, depth)]
  while (taken(cursor, /&&/y)) all.push(term(cursor, pathAt, depth))
  return lookup => all.every(test => test(lookup))
}

function term(cursor: Cursor, pathAt: PathReader, depth: number): Filter {
  if (depth > DEEPEST) throw new PathFault('a filter is nested too deeply')
  if (taken(cursor, /!(?!=)/y)) {
    const test = term(cursor, pathAt, depth + 1)
    return lookup => !test(lookup)
  }
  if (taken(cursor, /\(/y)) {
    const test = readFilter(cursor, pathAt, depth + 1)
    cursor.skipSpace()
    cursor.expect(')')
    return test
  }
  return comparison(cursor, pathAt)
}

function comparison(cursor: Cursor, pathAt: PathReader): Filter {
  const left = operand(cursor, pathAt)
  cursor.skipSpace()
  const operator = cursor.take(/===?|!==?|<=|>=|<|>|=~|(?:in|nin|contains|size|empty)\b/y)
  if (operator === null) return lookup => isThere(left(lookup))
  cursor.skipSpace()
  if (operator === '=~') return matching(left, pattern(cursor))
  const right = operand(cursor, pathAt)
  const test = tests[operator]!
  return lookup => test(left(lookup), right(lookup))
}

// Of a path that may lead to many, at least one.
function isThere(value: unknown): boolean {
  return value !== undefined && !(value instanceof Found && value.length === 0)
}

const tests: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': equal,
  '===': equal,
  '!=': (a, b) => !equal(a, b),
  '!==': (a, b) => !equal(a, b),
  '<': (a, b) => ordered(a, b, order => order < 0),
  '<=': (a, b) => ordered(a, b, order => order <= 0),
  '>': (a, b) => ordered(a, b, order => order > 0),
  '>=': (a, b) => ordered(a, b, order => order >= 0),
  in: (a, b) => Array.isArray(b) && b.some(item => equal(item, a)),
  nin: (a, b) => Array.isArray(b) && !b.some(item => equal(item, a)),
  contains: (a, b) =>
    Array.isArray(a) ? a.some(item => equal(item, b)) : typeof a === 'string' && a.includes(String(b)),
  size: (a, b) => (Array.isArray(a) || typeof a === 'string') && a.length === b,
  empty: (a, b) => (Array.isArray(a) || typeof a === 'string') && (a.length === 0) === b,
}

function ordered(a: unknown, b: unknown, test: (order: number) => boolean): boolean {
  if (typeof a === 'number' && typeof b === 'number') return test(a - b)
  return typeof a === 'string' && typeof b === 'string' && test(a < b ? -1 : a > b ? 1 : 0)
}

// Only what is written in a path is compared with: texts, numbers, truth and lists of them.
function equal(a: unknown, b: unknown): boolean {
  return a === b
}

function matching(left: Operand, matches: (text: string) => boolean): Filter {
  return lookup => {
    const value = left(lookup)
    return typeof value === 'string' && matches(value)
  }
}

function operand(cursor: Cursor, pathAt: PathReader): Operand {
  cursor.skipSpace()
  if (cursor.peek() === '@' || cursor.peek() === '$') {
    const path = pathAt(cursor)
    return lookup => {
      const value = lookup(path)
      return path.definite || !Array.isArray(value) ? value : Found.from(value)
    }
  }
  const value = literal(cursor)
  return () => value
}

function literal(cursor: Cursor): unknown {
  cursor.skipSpace()
  const text = cursor.text()
  if (text !== null) return text
  if (cursor.take(/\[/y) !== null) return list(cursor)
  const word = cursor.take(/-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?\b|(?:true|false|null)\b/y)
  if (word === null) throw cursor.unexpected()
  return JSON.parse(word)
}

function list(cursor: Cursor): unknown[] {
  const items: unknown[] = []
  while (!taken(cursor, /\]/y)) {
    if (items.length > 0) cursor.expect(',')
    cursor.skipSpace()
    if (cursor.peek() === '[') throw new PathFault('a list in a filter holds plain values')
    items.push(literal(cursor))
  }
  return items
}

// `/text/i`, or the pattern in quotes: it matches whole texts.
function pattern(cursor: Cursor): (text: string) => boolean {
  const slashed = cursor.take(/\/(?:[^/\\]|\\.)*\/i?/y)
  const end = slashed?.lastIndexOf('/') ?? 0
  const source = slashed === null ? cursor.text() : slashed.slice(1, end).replaceAll('\\/', '/')
  if (source === null) throw cursor.unexpected()
  return compiled(slashed?.endsWith('i') === true && end < slashed.length - 1 ? `(?i)${source}` : source)
}

/** A pattern that matches whole texts. Throws `PathFault`. */
export function compiled(source: string): (text: string) => boolean {
  try {
    return guardedRegex(source).matchesWhole
  } catch (error) {
    if (!(error instanceof UnsupportedPattern)) throw error
    throw new PathFault(`the pattern cannot be read: ${error.message}`)
  }
}

function taken(cursor: Cursor, pattern: RegExp): boolean {
  cursor.skipSpace()
  return cursor.take(pattern) !== null
}
