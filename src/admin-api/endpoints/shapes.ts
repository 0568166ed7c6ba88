/** Words for schemas of what the admin API takes and answers. */
import type { Content, Shape } from './endpoint.ts'

export const text: Shape = { type: 'string' }
export const whole: Shape = { type: 'integer' }
export const number: Shape = { type: 'number' }
export const flag: Shape = { type: 'boolean' }
export const anything: Shape = {}
export const textOrNull: Shape = { type: ['string', 'null'] }

/** One value only. */
export const only = (value: unknown): Shape => ({ const: value })

export const listOf = (items: Shape): Shape => ({ type: 'array', items })

export const oneOf = (...shapes: readonly Shape[]): Shape => ({ anyOf: shapes })

/** An object whose fields are all of one shape. */
export const mapOf = (values: Shape): Shape => ({ type: 'object', additionalProperties: values })

/** An object that has all of `always` and may have `sometimes`. More fields may come with later versions. */
export function object(
  always: Readonly<Record<string, Shape>>,
  sometimes: Readonly<Record<string, Shape>> = {},
): Shape {
  return { type: 'object', properties: { ...always, ...sometimes }, required: Object.keys(always) }
}

/** A schema of the document by its name. */
export const named = (name: string): Shape => ({ $ref: `#/components/schemas/${name}` })

/** An entity of the kind as it is answered, and as it is sent. */
export const entity = named('{schema}')
export const entityBody = named('{schema}.Body')

export const json = (shape: Shape): Content => ({ 'application/json': shape })
export const ndjson = (line: Shape): Content => ({ 'application/x-ndjson': line })

/** JSON, or YAML for whoever accepts nothing else. */
export const jsonOrYaml = (shape: Shape): Content => ({
  'application/json': shape,
  'application/yaml': shape,
})
