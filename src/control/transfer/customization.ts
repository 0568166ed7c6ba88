/**
 * The entities of a first start changed by a customization (setting `otoroshi.initialCustomization`): an entry with the id
 * of one of them is merged over it, others are added. Everything is validated on its way into the `Incoming`.
 */
import { mergeJson } from '../../model/merge-json.ts'
import type { EntityDefinition } from '../../model/entity.ts'
import { idOf } from '../../model/read.ts'
import { definitionOf } from '../../model/registry.ts'
import { isObject } from '../../model/types/shape.ts'
import type { InitialEntity } from '../initial-entities.ts'
import type { Incoming } from './incoming.ts'
import { sectionNamed, sections } from './sections.ts'

/** Upstream's names where they are not those of an export. Both are taken. */
const otherNames: Readonly<Record<string, string>> = {
  descs: 'ServiceDescriptor',
  apikeys: 'Apikey',
  groups: 'ServiceGroup',
  tmplts: 'ErrorTemplate',
}

interface Placed extends InitialEntity {
  readonly where: string
}

/** Adds the entities, and notes what is wrong with the customization. */
export function customize(
  base: readonly InitialEntity[],
  customization: Readonly<Record<string, unknown>>,
  incoming: Incoming,
): void {
  const entities: Placed[] = base.map(item => ({ ...item, where: `the initial ${item.definition.kind}` }))
  for (const [section, content] of Object.entries(customization)) {
    const definition = definitionNamed(section)
    if (definition === null) {
      const known = [...sections.map(({ name }) => name), ...Object.keys(otherNames)]
      incoming.fault(section, `Unknown section; known are ${known.join(', ')}`)
    } else if (definition.singleton !== undefined) place(entities, definition, content, section, incoming)
    else if (Array.isArray(content))
      for (const [i, item] of content.entries())
        place(entities, definition, item, `${section}.${i}`, incoming)
    else incoming.fault(section, 'Expected a list')
  }
  for (const { definition, entity, where } of entities) incoming.add(definition, entity, where)
}

function place(
  entities: Placed[],
  definition: EntityDefinition,
  content: unknown,
  where: string,
  incoming: Incoming,
): void {
  if (!isObject(content)) {
    incoming.fault(where, 'Expected an object')
    return
  }
  const id = idOf(definition, content)
  const at = entities.findIndex(
    other => other.definition === definition && idOf(definition, other.entity) === id,
  )
  const known = id === null ? undefined : entities[at]
  if (known === undefined) entities.push({ definition, entity: content, where })
  else entities[at] = { definition, entity: mergeJson(known.entity, content), where }
}

function definitionNamed(section: string): EntityDefinition | null {
  const kind = Object.hasOwn(otherNames, section) ? otherNames[section]! : null
  return kind === null ? sectionNamed(section) : definitionOf(kind)
}
