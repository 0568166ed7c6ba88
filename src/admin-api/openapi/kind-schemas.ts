/** Schemas of the kinds: as they are sent, and as they are answered. */
import type { EntityDefinition } from '../../model/entity.ts'
import { jsonSchema } from '../../model/json-schema.ts'
import { isObject } from '../../model/types/shape.ts'
import type { Shape } from '../endpoints/endpoint.ts'
import { named, text } from '../endpoints/shapes.ts'

/** Name of the schema of a kind: upstream's. */
export function schemaName({ group, kind }: EntityDefinition): string {
  return `${group}.${kind}`
}

/** The two schemas of a kind by their names. */
export async function kindSchemas(definition: EntityDefinition): Promise<Record<string, Shape>> {
  // Draft 7 and 2020-12 agree on everything these schemas use.
  const { $schema: _, ...body } = await jsonSchema(definition)
  const { idField, kind, group } = definition
  const name = schemaName(definition)
  const properties = isObject(body['properties']) ? body['properties'] : {}
  const required = textsOf(body['required'])
  const own = properties['kind']
  return {
    [`${name}.Body`]: {
      ...body,
      ...(isObject(own) && { properties: { ...properties, kind: labelled(own, `${group}/${kind}`) } }),
      title: `${kind} to be written`,
      required: required.filter(field => field !== idField),
    },
    [name]: {
      title: kind,
      description: 'What is stored and not valid any more is answered as it is, and may lack fields.',
      type: 'object',
      allOf: [named(`${name}.Body`)],
      properties: computedFields(definition, properties),
      required: Object.keys(properties).filter(
        field => required.includes(field) || isFilled(properties[field]),
      ),
    },
  }
}

/** Answers under `/apis` hold the label of the kind in the place of a field `kind` of its own; what was read can be sent back. */
function labelled({ type, const: only, enum: some, ...rest }: Record<string, unknown>, label: string): Shape {
  const own = { ...(type !== undefined && { type }), ...(only !== undefined && { const: only }) }
  return { ...rest, anyOf: [{ ...own, ...(some !== undefined && { enum: some }) }, { const: label }] }
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : []
}

/** True for a field that has a value in answers, whether it was sent or not. */
function isFilled(property: unknown): boolean {
  return isObject(property) && 'default' in property && property['writeOnly'] !== true
}

function computedFields(
  definition: EntityDefinition,
  properties: Readonly<Record<string, unknown>>,
): Record<string, Shape> {
  const label = { ...text, readOnly: true, description: 'Group and kind, in answers under `/apis`' }
  const bearer = {
    ...text,
    readOnly: true,
    description: 'The key as a bearer token, in answers under `/apis`',
  }
  return {
    ...(!('kind' in properties) && { kind: label }),
    ...(definition.kind === 'Apikey' && { bearer }),
  }
}
