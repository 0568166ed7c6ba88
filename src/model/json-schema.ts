/** JSON Schema (draft 7) of entity kinds, made from their one description. */
import type { Schema } from '../schema/index.ts'
import type { EntityDefinition, EntityVariants } from './entity.ts'
import { isObject } from './types/shape.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

type Converter = typeof import('@valibot/to-json-schema')['toJsonSchema']

const made = new WeakMap<object, JsonSchema>()

/** The JSON Schema of a kind. The converter is loaded on first use; the answer is kept. */
export async function jsonSchema({
  schema,
  variants,
  passwords = [],
}: Pick<EntityDefinition, 'schema' | 'variants' | 'passwords'>): Promise<JsonSchema> {
  const known = made.get(schema)
  if (known !== undefined) return known
  const { toJsonSchema } = await import('@valibot/to-json-schema')
  const convert = (given: Schema) => converted(given, toJsonSchema)
  const base = convert(schema)
  const varied = variants === undefined ? base : { ...base, allOf: conditions(variants, convert) }
  const result = passwords.length === 0 ? varied : writeOnly(varied, passwords)
  made.set(schema, result)
  return result
}

// Answers do not hold these fields, and what is there already need not be sent again.
function writeOnly(schema: JsonSchema, fields: readonly string[]): JsonSchema {
  const properties = Object.entries(isObject(schema['properties']) ? schema['properties'] : {})
  const needed = Array.isArray(schema['required']) ? schema['required'] : []
  return {
    ...schema,
    properties: Object.fromEntries(
      properties.map(([name, value]) =>
        fields.includes(name) && isObject(value) ? [name, { ...value, writeOnly: true }] : [name, value],
      ),
    ),
    required: needed.filter(name => !fields.includes(name)),
  }
}

// One condition a schema: several values may share one.
function conditions(
  { field, schemas }: EntityVariants,
  convert: (given: Schema) => JsonSchema,
): JsonSchema[] {
  return [...new Set(Object.values(schemas))].map(schema => {
    const values = Object.keys(schemas).filter(value => schemas[value] === schema)
    const { $schema: _, ...then } = convert(schema)
    return { if: { properties: { [field]: { enum: values } }, required: [field] }, then }
  })
}

function converted(given: Schema, toJsonSchema: Converter): JsonSchema {
  // Everything given passes through an `unknown` input here, so the converter's own input type says nothing.
  const described = given as Parameters<Converter>[0]
  // A rule that JSON Schema cannot say (or not twice) is left out: the gateway still checks it.
  return simplify(
    toJsonSchema(described, {
      // Of values that are read into others: what is written down.
      typeMode: 'input',
      overrideAction: ({ errors, jsonSchema }) => (errors === undefined ? undefined : jsonSchema),
    }),
  ) as JsonSchema
}

// Null stands for "use the default": worth accepting, not worth writing at every field of a document or form.
function simplify(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(simplify)
  if (!isObject(node)) return node
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(node)) out[key] = key === 'default' ? value : simplify(value)
  if (!('default' in out) || !Array.isArray(out['anyOf'])) return out
  const options = withoutRepeatedNull(out['anyOf'], out['default'] !== null)
  const { anyOf: _, ...rest } = out
  const only = options[0]
  return options.length === 1 && isObject(only) ? { ...only, ...rest } : { ...rest, anyOf: options }
}

function withoutRepeatedNull(options: readonly unknown[], dropNull: boolean): unknown[] {
  const flat = options.flatMap(o => (isObject(o) && Array.isArray(o['anyOf']) ? o['anyOf'] : [o]))
  const isNull = (o: unknown) => isObject(o) && o['type'] === 'null'
  const kept = flat.filter(o => !isNull(o))
  return dropNull || kept.length === flat.length ? kept : [...kept, { type: 'null' }]
}
