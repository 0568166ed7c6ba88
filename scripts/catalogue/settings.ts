/** The settings of a plugin as rows of a table, read from the JSON Schema of its description. */
import type { JsonSchema } from '../../src/model/json-schema.ts'
import { isObject } from '../../src/model/types/shape.ts'

/** One setting. `path`: `rules[].pattern` for a field of the entries of a list, `users.*` for one of those of a map. */
export interface SettingRow {
  readonly path: string
  /** In words: `list of texts`. */
  readonly type: string
  /** Undefined: it has none. */
  readonly fallback: unknown
  readonly meaning: string
  readonly required: boolean
}

/** The rows, fields of objects below them. Throws when the description is not that of an object. */
export function settingRows(schema: JsonSchema): readonly SettingRow[] {
  if (schema['type'] !== 'object') throw new Error('settings are an object')
  return fieldRows(schema, '')
}

function fieldRows(schema: JsonSchema, prefix: string): SettingRow[] {
  const required = texts(schema['required'])
  return Object.entries(objectAt(schema, 'properties')).flatMap(([name, given]) => {
    const described = isObject(given) ? given : {}
    const { description, default: fallback } = described
    const path = `${prefix}${name}`
    const row: SettingRow = {
      path,
      type: typeOf(described),
      fallback,
      meaning: typeof description === 'string' ? description : '',
      required: required.includes(name),
    }
    return [row, ...innerRows(described, path)]
  })
}

/** Rows of what is inside. Of a choice between objects there are none: its fields depend on the choice. */
function innerRows(given: JsonSchema, path: string): SettingRow[] {
  const options = choices(given)
  const schema = options.length === 1 ? options[0]! : given
  if (schema['type'] === 'array') return innerRows(objectAt(schema, 'items'), `${path}[]`)
  if (schema['type'] !== 'object') return []
  const values = schema['additionalProperties']
  if (isObject(values)) return innerRows(values, `${path}.*`)
  return fieldRows(schema, `${path}.`)
}

/** What a value may be besides null. */
function choices(schema: JsonSchema): readonly JsonSchema[] {
  const list = schema['anyOf'] ?? schema['oneOf']
  if (!Array.isArray(list)) return [schema]
  return list.filter(isObject).filter(option => option['type'] !== 'null')
}

function typeOf(schema: JsonSchema): string {
  const options = choices(schema)
  if (options.length > 1) {
    const kinds = options.map(kindOf)
    if (kinds.every(kind => kind !== null)) return `object with the \`type\` ${kinds.join(', ')}`
    return [...new Set(options.map(typeOf))].join(' or ')
  }
  const only = options[0] ?? {}
  if (Array.isArray(only['enum']))
    return only['enum']
      .map(value => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``)
      .join(', ')
  if ('const' in only) return `\`${String(only['const'])}\``
  switch (only['type']) {
    case 'string':
      return 'text'
    case 'boolean':
      return 'true or false'
    case 'integer':
      return `whole number${rangeOf(only)}`
    case 'number':
      return `number${rangeOf(only)}`
    case 'array':
      return `list of ${plural(typeOf(objectAt(only, 'items')))}`
    case 'object': {
      const values = only['additionalProperties']
      return isObject(values) ? `map of ${plural(typeOf(values))}` : 'object'
    }
    default:
      return 'any value'
  }
}

/** `HSAlgoSettings` for an object whose field `type` must be that; null for anything else. */
function kindOf(schema: JsonSchema): string | null {
  const type = objectAt(objectAt(schema, 'properties'), 'type')
  return typeof type['const'] === 'string' ? `\`${type['const']}\`` : null
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  const above = typeof exclusiveMinimum === 'number' ? `, above ${exclusiveMinimum}` : ''
  if (typeof minimum === 'number' && typeof maximum === 'number') return `, ${minimum} to ${maximum}`
  if (typeof maximum === 'number') return `${above}, at most ${maximum}`
  return typeof minimum === 'number' ? `, at least ${minimum}` : above
}

function plural(type: string): string {
  if (type === 'text') return 'texts'
  if (type === 'object') return 'objects'
  if (type === 'any value') return 'any values'
  if (type.startsWith('list of') || type.startsWith('map of')) return type.replace(/^(list|map)/, '$1s')
  if (/^(whole )?number/.test(type)) return type.replace('number', 'numbers')
  return type
}

function objectAt(schema: JsonSchema, key: string): JsonSchema {
  const value = schema[key]
  return isObject(value) ? value : {}
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : []
}
