/** Entities as the generic API shows and takes them: with the fields upstream computes, without them on the way in. */
import { bearerOf } from '../identity/proofs.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import { withoutPasswords, withStoredPasswords } from '../model/passwords.ts'
import { idOf } from '../model/read.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { isObject } from '../model/types/shape.ts'
import { badRequest } from './api-error.ts'
import { diffJson } from './json-diff.ts'

/** Value of the key `kind` in answers. */
export function kindLabel(definition: EntityDefinition): string {
  return `${definition.group}/${definition.kind}`
}

/** The entity as the store has it, without what nobody may see: what answers, filters and patches are made of. */
export function viewOf(entity: IndexedEntity): Record<string, unknown> {
  return withoutPasswords(entity.definition, entity.view())
}

/** What changes between two states, as operations; of a password only that it changes. */
export function diffEntities(before: IndexedEntity, after: IndexedEntity): unknown[] {
  const [old, now] = [before.view(), after.view()]
  const changed = (after.definition.passwords ?? []).filter(field => old[field] !== now[field])
  const hidden = changed.map(field => ({ op: 'replace', path: `/${field}`, hidden: true }))
  return [...diffJson(viewOf(before), viewOf(after)), ...hidden]
}

/** The entity with its computed fields, without `kind`. */
export function show(entity: IndexedEntity): Record<string, unknown> {
  const view = viewOf(entity)
  return entity.definition.kind === 'Apikey' ? withBearer(view) : view
}

/** Adds `kind` as the last key. */
export function withKind(
  definition: EntityDefinition,
  view: Record<string, unknown>,
): Record<string, unknown> {
  const { kind: _, ...rest } = view
  return { ...rest, kind: kindLabel(definition) }
}

/**
 * An entity as it was sent, without what answers add to it and with what they leave out: so that what was read can be sent
 * back. Throws 400 when it is no object.
 */
export function taken(
  definition: EntityDefinition,
  input: unknown,
  current: IndexedEntity | null,
): Record<string, unknown> {
  if (!isObject(input))
    throw badRequest([`Expected an object for ${definition.kind}`], 'admin.invalid_entity')
  const entity = { ...withStoredPasswords(definition, input, current?.view() ?? null) }
  if (!hasOwnKind(definition)) delete entity['kind']
  else if (entity['kind'] === kindLabel(definition)) {
    // The kind of the drafted entity was hidden in the answer: the stored one stands.
    const stored = current?.view()['kind']
    if (stored === undefined) delete entity['kind']
    else entity['kind'] = stored
  }
  return definition.kind === 'Apikey' ? withoutBearer(entity) : entity
}

/** The id in a sent entity, or null. */
export function sentId(definition: EntityDefinition, input: Record<string, unknown>): string | null {
  return idOf(definition, input)
}

const ownKinds = new Map<string, boolean>()

function hasOwnKind(definition: EntityDefinition): boolean {
  let own = ownKinds.get(definition.kind)
  if (own === undefined) {
    const template = definition.template('any')
    own = isObject(template) && Object.hasOwn(template, 'kind')
    ownKinds.set(definition.kind, own)
  }
  return own
}

function withBearer(view: Record<string, unknown>): Record<string, unknown> {
  const { clientId, clientSecret, rotation } = view
  if (typeof clientId !== 'string' || typeof clientSecret !== 'string') return view
  const shown = { ...view, bearer: bearerOf(clientId, clientSecret) }
  if (!isObject(rotation) || typeof rotation['nextSecret'] !== 'string') return shown
  return { ...shown, rotation: { ...rotation, bearer: bearerOf(clientId, rotation['nextSecret']) } }
}

function withoutBearer(entity: Record<string, unknown>): Record<string, unknown> {
  const { bearer: _, ...rest } = entity
  const rotation = rest['rotation']
  if (!isObject(rotation) || !Object.hasOwn(rotation, 'bearer')) return rest
  const { bearer: __, ...kept } = rotation
  return { ...rest, rotation: kept }
}
