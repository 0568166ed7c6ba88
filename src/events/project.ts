/**
 * The projection language of data exporters: which parts of an event are kept, and under which names.
 *
 * Guarantees: projecting never throws; an empty blueprint keeps the event as it is; what the blueprint says is read once, not
 * for each event. Not there: `$jq`, which is refused when the exporter starts.
 */
import { dateFormat, patternTest, wildcard } from '../expression/index.ts'
import { own, plain } from './lazy-event.ts'
import { isObject, textOf } from './match.ts'
import { lookUp, stepsOf } from './look-up.ts'

type Json = Record<string, unknown>
export type Projection = (event: unknown) => unknown
/** Writes one key of the outcome, or takes keys away. */
type Step = (out: Json, source: unknown) => void

/** The blueprint uses something that is not there. */
export class UnsupportedProjection extends Error {
  constructor(operator: string) {
    super(`projections with ${operator} are not available in this version`)
    this.name = 'UnsupportedProjection'
  }
}

/** True for blueprints that keep events as they are. */
export function keepsAll(blueprint: unknown): boolean {
  return !isObject(blueprint) || Object.keys(blueprint).length === 0
}

/** Compiles a blueprint. Throws `UnsupportedProjection`, and for patterns that are none. */
export function compileProjection(blueprint: unknown): Projection {
  if (keepsAll(blueprint)) return event => event
  check(blueprint)
  return compileBlueprint(blueprint as Json)
}

/** Finds now what would fail with each event, also where nothing is read from. */
function check(value: unknown): void {
  if (Array.isArray(value)) value.forEach(check)
  if (!isObject(value)) return
  for (const [key, child] of Object.entries(value)) {
    if (key === '$jq' || key === '$jqIf') throw new UnsupportedProjection(key)
    if (key.endsWith('AllKeysMatching')) nameTest(child)
    if (key === '$date_from_unix_fmt' && isObject(child) && typeof child['pattern'] === 'string')
      dateFormat(child['pattern'])
    check(child)
  }
}

function compileBlueprint(blueprint: Json): Projection {
  if (Object.hasOwn(blueprint, '$compose')) return compileForm(blueprint['$compose'])
  const spread = blueprint['$spread'] === true
  const steps = Object.entries(blueprint)
    .filter(([key]) => key !== '$spread' && key !== '__proto__')
    .map(([key, rule]) => compileStep(key, rule))
  return source => {
    const out: Json = spread && isObject(source) ? { ...(plain(source) as Json) } : {}
    for (const step of steps) step(out, source)
    return out
  }
}

function compileStep(key: string, rule: unknown): Step {
  if (rule === false) return out => void delete out[key]
  if (rule === true) return (out, source) => void (out[key] = fieldOf(source, key) ?? null)
  if (typeof rule === 'string' && rule !== '__proto__')
    return (out, source) => void (out[rule] = fieldOf(source, key) ?? null)
  return isObject(rule) ? compileRule(key, rule) : () => {}
}

function compileRule(key: string, rule: Json): Step {
  const [operator, argument] = Object.entries(rule)[0] ?? ['', null]
  switch (operator) {
    case '$remove':
      return out => void delete out[key]
    case '$includeAllKeysMatching': {
      const matches = nameTest(argument)
      return out => {
        for (const name of Object.keys(out)) if (!matches(name)) delete out[name]
      }
    }
    case '$excludeAllKeysMatching': {
      const matches = nameTest(argument)
      return out => {
        for (const name of Object.keys(out)) if (matches(name)) delete out[name]
      }
    }
  }
  const value = compileValue(operator, argument)
  if (value !== null) return (out, source) => void (out[key] = value(source))
  const nested = compileBlueprint(rule)
  return (out, source) => {
    const field = fieldOf(source, key)
    out[key] = nested(field === undefined ? source : field)
  }
}

/** What an operator makes of the event; null: it is no operator. */
function compileValue(operator: string, argument: unknown): Projection | null {
  switch (operator) {
    case '$value':
      return () => argument
    case '$at':
    case '$pointer':
    case '$path':
      return compileLookUp(operator, argument)
    case '$atIf':
    case '$pointerIf':
    case '$pathIf':
      return compileLookUpIf(operator.slice(0, -2), argument)
    case '$header':
      return compileHeader(argument)
    case '$date_from_unix_fmt':
      return compileDate(argument)
    case '$compose':
      return compileForm(argument)
    default:
      return null
  }
}

function fieldOf(source: unknown, key: string): unknown {
  return isObject(source) ? own(source, key) : undefined
}

function compileLookUp(operator: string, argument: unknown): Projection {
  const steps = stepsOf(operator, textOf(isObject(argument) ? argument['path'] : argument))
  const otherwise = isObject(argument) ? (argument['default'] ?? null) : null
  return source => {
    const found = lookUp(source, steps)
    return found === undefined ? otherwise : found
  }
}

function compileLookUpIf(operator: string, argument: unknown): Projection {
  if (!isObject(argument)) return () => null
  const predicate = isObject(argument['predicate']) ? argument['predicate'] : {}
  const where = stepsOf(operator, textOf(predicate[operator.slice(1)]))
  const wanted = JSON.stringify(predicate['value'])
  const steps = stepsOf(operator, textOf(argument['path']))
  const otherwise = argument['default'] ?? null
  return source => {
    if (JSON.stringify(lookUp(source, where)) !== wanted) return otherwise
    const found = lookUp(source, steps)
    return found === undefined ? otherwise : found
  }
}

function compileHeader(argument: unknown): Projection {
  if (!isObject(argument)) return () => null
  const steps = textOf(argument['path']).split('.')
  const name = textOf(argument['name']).toLowerCase()
  const otherwise = argument['default'] ?? null
  return source => {
    const list = lookUp(source, steps)
    const found = Array.isArray(list)
      ? list.find(item => isObject(item) && textOf(item['key']).toLowerCase() === name)
      : undefined
    return isObject(found) ? found['value'] : otherwise
  }
}

function compileDate(argument: unknown): Projection {
  const { path, pattern } = isObject(argument) ? argument : { path: argument, pattern: undefined }
  const steps = textOf(path).split('.')
  const format = typeof pattern === 'string' ? dateFormat(pattern) : null
  return source => {
    const millis = lookUp(source, steps)
    if (typeof millis !== 'number' || !(Math.abs(millis) < 8.64e15)) return null
    const moment = new Date(millis)
    return format === null ? moment.toISOString() : format(moment)
  }
}

type NameTest = (name: string) => boolean

/** True for names that one of the patterns fits. Throws `UnsupportedPattern`. */
function nameTest(patterns: unknown): NameTest {
  if (!Array.isArray(patterns)) return () => false
  const tests = patterns.map(oneNameTest)
  return name => tests.some(matches => matches(name))
}

function oneNameTest(item: unknown): NameTest {
  const call = /^(StartsWith|Regex|Wildcard)\((.*)\)$/s.exec(textOf(item))
  if (call === null) return name => name === item
  const [, kind, text] = call as unknown as [string, string, string]
  if (kind === 'StartsWith') return name => name.startsWith(text)
  return kind === 'Wildcard' ? wildcard(text) : patternTest(text)
}

/** A form with places to be filled in. */
function compileForm(form: unknown): Projection {
  if (Array.isArray(form)) {
    const items = form.map(compileForm)
    return source => items.map(item => item(source))
  }
  if (!isObject(form)) return () => form
  const entries = Object.entries(form)
  const only = entries[0]
  if (entries.length === 1 && only !== undefined && /^\$(at|path|pointer)$/.test(only[0])) {
    const argument = isObject(only[1]) ? only[1]['at'] : only[1]
    const steps = stepsOf(only[0], textOf(argument))
    return source => lookUp(source, steps) ?? null
  }
  const fields = entries
    .filter(([key]) => key !== '__proto__')
    .map(([key, value]) => [key, compileForm(value)] as const)
  return source => Object.fromEntries(fields.map(([key, value]) => [key, value(source)]))
}
