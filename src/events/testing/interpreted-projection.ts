/** The projection language read anew for each event and field: slow and plain, for tests to compare with. */
import { dateFormat, guardedRegex, wildcard } from '../../expression/index.ts'
import { isObject, textOf } from '../match.ts'

type Json = Record<string, unknown>

/** What becomes of an event. The blueprint must be one that `compileProjection` takes. */
export function projected(event: unknown, blueprint: unknown): unknown {
  return isObject(blueprint) && Object.keys(blueprint).length > 0 ? project(event, blueprint) : event
}

function project(source: unknown, blueprint: Json): unknown {
  if (Object.hasOwn(blueprint, '$compose')) return compose(source, blueprint['$compose'])
  const out: Json = blueprint['$spread'] === true && isObject(source) ? { ...source } : {}
  for (const [key, rule] of Object.entries(blueprint)) {
    if (key !== '$spread' && key !== '__proto__') apply(source, out, key, rule)
  }
  return out
}

function apply(source: unknown, out: Json, key: string, rule: unknown): void {
  const value = isObject(source) && Object.hasOwn(source, key) ? source[key] : undefined
  if (rule === true) out[key] = value ?? null
  else if (rule === false) delete out[key]
  else if (typeof rule === 'string') {
    if (rule !== '__proto__') out[rule] = value ?? null
  } else if (isObject(rule)) applyRule(source, out, key, rule, value)
}

function applyRule(source: unknown, out: Json, key: string, rule: Json, value: unknown): void {
  const [operator, argument] = Object.entries(rule)[0] ?? ['', null]
  switch (operator) {
    case '$value':
      out[key] = argument
      return
    case '$remove':
      delete out[key]
      return
    case '$at':
    case '$pointer':
    case '$path':
      out[key] = lookUp(source, operator, argument)
      return
    case '$atIf':
    case '$pointerIf':
    case '$pathIf':
      out[key] = lookUpIf(source, operator.slice(0, -2), argument)
      return
    case '$header':
      out[key] = header(source, argument)
      return
    case '$date_from_unix_fmt':
      out[key] = date(source, argument)
      return
    case '$includeAllKeysMatching':
      for (const name of Object.keys(out)) if (!namesMatch(argument, name)) delete out[name]
      return
    case '$excludeAllKeysMatching':
      for (const name of Object.keys(out)) if (namesMatch(argument, name)) delete out[name]
      return
    case '$compose':
      out[key] = compose(source, argument)
      return
    default:
      out[key] = project(value === undefined ? source : value, rule)
  }
}

function lookUp(source: unknown, operator: string, argument: unknown): unknown {
  const path = isObject(argument) ? argument['path'] : argument
  const found = at(source, stepsOf(operator, textOf(path)))
  return found === undefined ? (isObject(argument) ? (argument['default'] ?? null) : null) : found
}

function lookUpIf(source: unknown, operator: string, argument: unknown): unknown {
  if (!isObject(argument)) return null
  const predicate = isObject(argument['predicate']) ? argument['predicate'] : {}
  const where = predicate[operator.slice(1)]
  const seen = at(source, stepsOf(operator, textOf(where)))
  const holds = JSON.stringify(seen) === JSON.stringify(predicate['value'])
  const found = holds ? at(source, stepsOf(operator, textOf(argument['path']))) : undefined
  return found === undefined ? (argument['default'] ?? null) : found
}

/** Steps of a dotted path, a JSON pointer, or a JSONPath of plain steps. */
function stepsOf(operator: string, path: string): readonly string[] {
  if (operator === '$pointer')
    return path
      .split('/')
      .slice(1)
      .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (operator === '$path')
    return [...path.replace(/^\$/, '').matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g)].map(
      m => m[1] ?? m[2] ?? m[3] ?? '',
    )
  return path.split('.')
}

function at(source: unknown, steps: readonly string[]): unknown {
  let value = source
  for (const step of steps) {
    if (Array.isArray(value)) value = value[Number(step)]
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step]
    else return undefined
  }
  return value
}

function header(source: unknown, argument: unknown): unknown {
  if (!isObject(argument)) return null
  const list = at(source, textOf(argument['path']).split('.'))
  const name = textOf(argument['name']).toLowerCase()
  const found = Array.isArray(list)
    ? list.find(item => isObject(item) && textOf(item['key']).toLowerCase() === name)
    : undefined
  return isObject(found) ? found['value'] : (argument['default'] ?? null)
}

function date(source: unknown, argument: unknown): unknown {
  const { path, pattern } = isObject(argument) ? argument : { path: argument, pattern: undefined }
  const millis = at(source, textOf(path).split('.'))
  if (typeof millis !== 'number' || !(Math.abs(millis) < 8.64e15)) return null
  const moment = new Date(millis)
  return typeof pattern === 'string' ? dateFormat(pattern)(moment) : moment.toISOString()
}

type NameTest = (name: string) => boolean

function namesMatch(patterns: unknown, name: string): boolean {
  return Array.isArray(patterns) && patterns.some(item => nameTest(item)(name))
}

function nameTest(item: unknown): NameTest {
  const call = /^(StartsWith|Regex|Wildcard)\((.*)\)$/s.exec(textOf(item))
  if (call === null) return name => name === item
  const [, kind, text] = call as unknown as [string, string, string]
  if (kind === 'StartsWith') return name => name.startsWith(text)
  return kind === 'Wildcard' ? wildcard(text) : guardedRegex(text).matchesWhole
}

function compose(source: unknown, blueprint: unknown): unknown {
  if (Array.isArray(blueprint)) return blueprint.map(item => compose(source, item))
  if (!isObject(blueprint)) return blueprint
  const entries = Object.entries(blueprint)
  const only = entries[0]
  if (entries.length === 1 && only !== undefined && /^\$(at|path|pointer)$/.test(only[0])) {
    const argument = isObject(only[1]) ? only[1]['at'] : only[1]
    return at(source, stepsOf(only[0], textOf(argument))) ?? null
  }
  return Object.fromEntries(
    entries.filter(([key]) => key !== '__proto__').map(([key, value]) => [key, compose(source, value)]),
  )
}
