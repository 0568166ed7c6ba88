/**
 * The filtering language of data exporters: an object of wanted values and operators, compiled to a test.
 *
 * Guarantees: a test never throws; an operator nobody knows matches nothing; patterns take time in proportion to the text,
 * which is a client's. A regular expression that is none, or needs backtracking, is refused when it is compiled.
 */
import { patternTest, wildcard } from '../expression/index.ts'
import { LazyEvent, own } from './lazy-event.ts'

export type Matcher = (value: unknown) => boolean

type Json = Readonly<Record<string, unknown>>

/** Compiles a predicate object. Throws `UnsupportedPattern`. */
export function compileMatch(predicate: unknown): Matcher {
  if (!isObject(predicate)) return () => false
  const operator = operatorOf(predicate)
  if (operator !== null) return compileOperator(operator[0], operator[1])
  const entries = Object.entries(predicate).map(([key, wanted]) => [key, compileEntry(wanted)] as const)
  return value => isObject(value) && entries.every(([key, matches]) => matches(own(value, key)))
}

function compileEntry(wanted: unknown): Matcher {
  if (wanted === null) return () => false
  if (Array.isArray(wanted)) return value => Array.isArray(value) && equal(value, wanted)
  if (!isObject(wanted)) return value => value === wanted
  if (operatorOf(wanted) !== null) return compileMatch(wanted)
  const matches = compileMatch(wanted)
  return value => isObject(value) && matches(value)
}

/** An item of `$and` and the like: a literal is compared, an object is a predicate. */
function compileItem(item: unknown): Matcher {
  return isObject(item) ? compileMatch(item) : value => equal(value, item)
}

function compileOperator(name: string, argument: unknown): Matcher {
  const items = (): Matcher[] => (Array.isArray(argument) ? argument.map(compileItem) : [])
  // Operators that compare reject events that lack the field, whichever way round they compare.
  const present =
    (test: Matcher): Matcher =>
    value =>
      value !== undefined && test(value)
  switch (name) {
    case '$wildcard':
      return text(wildcard(textOf(argument)))
    case '$regex':
      return text(patternTest(textOf(argument)))
    case '$gt':
      return numeric(argument, (a, b) => a > b)
    case '$gte':
      return numeric(argument, (a, b) => a >= b)
    case '$lt':
      return numeric(argument, (a, b) => a < b)
    case '$lte':
      return numeric(argument, (a, b) => a <= b)
    case '$between':
      return between(argument, (value, min, max) => value > min && value < max)
    case '$betweene':
      return between(argument, (value, min, max) => value >= min && value <= max)
    case '$and': {
      const all = items()
      return present(value => all.every(matches => matches(value)))
    }
    case '$or': {
      const any = items()
      return present(value => any.some(matches => matches(value)))
    }
    case '$nor': {
      const none = items()
      return present(value => !none.some(matches => matches(value)))
    }
    case '$in':
      return present(value => Array.isArray(argument) && argument.some(item => equal(item, value)))
    case '$nin':
      return present(value => Array.isArray(argument) && !argument.some(item => equal(item, value)))
    case '$size':
      return value => Array.isArray(value) && value.length === argument
    case '$contains':
      return contains(argument)
    case '$all':
      return value =>
        Array.isArray(value) &&
        Array.isArray(argument) &&
        argument.every(item => value.some(found => equal(found, item)))
    case '$not': {
      const matches = compileItem(argument)
      return value => !matches(value)
    }
    case '$eq':
      return present(compileItem(argument))
    case '$ne': {
      const matches = compileItem(argument)
      return present(value => !matches(value))
    }
    case '$exists':
      return value => isObject(value) && own(value, textOf(argument)) !== undefined
    default:
      return () => false
  }
}

function contains(argument: unknown): Matcher {
  return value => {
    if (Array.isArray(value)) return value.some(item => equal(item, argument))
    if (!isObject(value) || !isObject(argument)) return false
    let found: unknown = value
    for (const part of textOf(argument['key']).split('.'))
      found = isObject(found) ? own(found, part) : undefined
    return equal(found, argument['value'])
  }
}

function text(test: (text: string) => boolean): Matcher {
  return value => typeof value === 'string' && test(value)
}

function numeric(argument: unknown, test: (value: number, limit: number) => boolean): Matcher {
  return value => typeof value === 'number' && typeof argument === 'number' && test(value, argument)
}

function between(argument: unknown, test: (value: number, min: number, max: number) => boolean): Matcher {
  const { min, max } = isObject(argument) ? argument : {}
  return value =>
    typeof value === 'number' && typeof min === 'number' && typeof max === 'number' && test(value, min, max)
}

function operatorOf(value: Json): [string, unknown] | null {
  const entries = Object.entries(value)
  const only = entries[0]
  return entries.length === 1 && only !== undefined && only[0].startsWith('$') ? only : null
}

/** What stands where a text belongs, as text. Objects have none: theirs may be made to throw. */
export function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? '' : String(value)
}

/** Deep equality of JSON values. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a instanceof LazyEvent) return equal(a.toJSON(), b)
  if (b instanceof LazyEvent) return equal(a, b.toJSON())
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && equal(a[key], b[key]))
  )
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
