/**
 * What the value of a validator says about what its path leads to: the same, or one of the tests that a text may name,
 * such as `Regex(a|b)`, `ContainedIn(a, b)` or, of lists, `SizeLt(3)`.
 */
import { wildcard } from '../wildcard.ts'
import { PathFault } from './cursor.ts'
import { compiled } from './filter.ts'

/** `undefined`: the path leads to nothing. */
export type Expectation = (found: unknown) => boolean

type TextTest = (text: string) => boolean
type ListTest = (list: readonly unknown[]) => boolean

const LONGEST = 10_000

/** Compiles the value of a validator. `path`: as it is written. Throws `PathFault`. */
export function expectation(wanted: unknown, path: string): Expectation {
  return typeof wanted === 'string' ? textual(wanted) : plain(wanted, path)
}

function plain(wanted: unknown, path: string): Expectation {
  // A filter of the document itself finds it or nothing; which truth is wanted is not looked at, as upstream.
  const whole = typeof wanted === 'boolean' && path.startsWith('[?(') && path.endsWith(')]')
  return found => {
    if (found === undefined) return false
    if (!Array.isArray(found)) return equal(found, wanted)
    if (whole) return found.length > 0
    return Array.isArray(wanted) ? equal(found, wanted) : found.some(item => equal(item, wanted))
  }
}

function textual(wanted: string): Expectation {
  if (wanted.length > LONGEST) throw new PathFault(`a value has at most ${LONGEST} characters`)
  if (wanted === 'NotDefined()') return found => found === undefined
  if (wanted === 'IsDefined()') return found => found !== undefined
  const [, name = '', argument = ''] = /^\s*(\w+)\((.*)\)\s*$/s.exec(wanted) ?? []
  const ofText = named(textTests, name)?.(argument) ?? (text => text === wanted)
  const ofList = named(listTests, name)?.(argument) ?? (list => JSON.stringify(list) === wanted)
  return found => {
    if (typeof found === 'string') return ofText(found)
    if (typeof found === 'number' || typeof found === 'boolean') return String(found) === wanted
    return Array.isArray(found) && ofList(found)
  }
}

function named<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

const textTests: Readonly<Record<string, (argument: string) => TextTest>> = {
  Regex: compiled,
  RegexNot: pattern => not(compiled(pattern)),
  Wildcard: wildcard,
  WildcardNot: pattern => not(wildcard(pattern)),
  Contains: part => text => text.includes(part),
  ContainsNot: part => text => !text.includes(part),
  Not: other => text => text !== other,
  ContainedIn: oneOf,
  NotContainedIn: list => not(oneOf(list)),
}

const listTests: Readonly<Record<string, (argument: string) => ListTest>> = {
  Size: sized((size, wanted) => size === wanted),
  SizeNot: sized((size, wanted) => size !== wanted),
  SizeLt: sized((size, wanted) => size < wanted),
  SizeGt: sized((size, wanted) => size > wanted),
  SizeLte: sized((size, wanted) => size <= wanted),
  SizeGte: sized((size, wanted) => size >= wanted),
  Contains: argument => someText(itemTest(argument, text => text === argument)),
  ContainsNot: argument => not(someText(itemTest(argument, text => text === argument))),
  JsonContains: argument => someJson(itemTest(argument, text => text.includes(argument))),
  JsonContainsNot: argument => not(someJson(itemTest(argument, text => text.includes(argument)))),
  StartsWith: start => everyText(text => text.startsWith(start)),
  DontStartsWith: start => everyText(text => !text.startsWith(start)),
}

/** `Regex(…)` and `Wildcard(…)` inside of another test. */
function itemTest(argument: string, otherwise: TextTest): TextTest {
  const [, name, inner = ''] = /^\s*(Regex|Wildcard)\((.*)\)\s*$/s.exec(argument) ?? []
  return name === undefined ? otherwise : textTests[name]!(inner)
}

function someText(test: TextTest): ListTest {
  return list => list.some(item => typeof item === 'string' && test(item))
}

function everyText(test: TextTest): ListTest {
  return list => list.every(item => typeof item === 'string' && test(item))
}

function someJson(test: TextTest): ListTest {
  return list => list.some(item => test(JSON.stringify(item)))
}

function not<T>(test: (value: T) => boolean): (value: T) => boolean {
  return value => !test(value)
}

function oneOf(list: string): TextTest {
  const texts = new Set(list.split(',').map(part => part.trim()))
  return text => texts.has(text)
}

function sized(test: (size: number, wanted: number) => boolean): (argument: string) => ListTest {
  return argument => {
    if (!/^\s*\d{1,9}\s*$/.test(argument)) throw new PathFault('a size is a number')
    const wanted = Number(argument)
    return list => test(list.length, wanted)
  }
}

/** Deep equality of JSON values. */
function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && equal(a[key], b[key]))
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
