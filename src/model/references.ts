/**
 * References between entities: which fields of a kind hold ids of others. Declared by the kinds, read here.
 *
 * What a reference means is left to whoever uses the entity; ids inside free texts and expressions are not found.
 */
import type { EntityDefinition } from './entity.ts'

/** A field that holds ids. */
export interface ReferenceField {
  /** Dotted path; `*` stands for every item of a list and every value of a map. */
  readonly path: string
  /** Kinds it may name. */
  readonly kinds: readonly string[]
  /** What the value there refers to; `at` is its place below the path. */
  read(value: unknown): readonly Referred[]
  /** The value may stand for something else than an entity: that none is found is no fault. */
  readonly loose?: boolean
}

export interface Referred {
  readonly kind: string
  readonly id: string
  readonly at?: string
}

/** A reference found in an entity. */
export interface EntityReference {
  readonly kind: string
  readonly id: string
  /** Where it stands, such as `plugins.0.config.verifiers.1`. */
  readonly path: string
  readonly loose: boolean
}

/** A field with the id of an entity of the kind. */
export function ref(path: string, kind: string): ReferenceField {
  return { path, kinds: [kind], read: value => (isId(value) ? [{ kind, id: value }] : []) }
}

/** A field that may hold the id of an entity of the kind, or something else. */
export function looseRef(path: string, kind: string): ReferenceField {
  return { ...ref(path, kind), loose: true }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value !== '*'
}

const owner: readonly ReferenceField[] = ['_loc', 'location'].flatMap(field => [
  ref(`${field}.tenant`, 'Organization'),
  ref(`${field}.teams.*`, 'Team'),
])

/** The fields of a kind that hold ids: its own, and those of its owner. */
export function referenceFields(definition: Pick<EntityDefinition, 'references'>): readonly ReferenceField[] {
  return [...(definition.references ?? []), ...owner]
}

/** Every reference in an entity of the kind. */
export function referencesIn(
  definition: Pick<EntityDefinition, 'references'>,
  entity: Readonly<Record<string, unknown>>,
): EntityReference[] {
  const found: EntityReference[] = []
  for (const field of referenceFields(definition))
    for (const { value, path } of valuesAt(entity, field.path.split('.'), ''))
      for (const { kind, id, at } of field.read(value))
        found.push({
          kind,
          id,
          path: at === undefined ? path : `${path}.${at}`,
          loose: field.loose === true,
        })
  return found
}

/** The values at a path, each with its own path. */
export function valuesAt(
  value: unknown,
  [token, ...rest]: readonly string[],
  path: string,
): { value: unknown; path: string }[] {
  if (token === undefined) return [{ value, path }]
  if (typeof value !== 'object' || value === null) return []
  const children: [string, unknown][] =
    token === '*'
      ? Object.entries(value)
      : Object.hasOwn(value, token)
        ? [[token, (value as Record<string, unknown>)[token]]]
        : []
  return children.flatMap(([key, child]) => valuesAt(child, rest, path === '' ? key : `${path}.${key}`))
}
