/** Where entities live in a store: the same keys as upstream, so that its stores can be taken over. */
import type { EntityDefinition } from './entity.ts'

type Place = Pick<EntityDefinition, 'storageKey' | 'singleton' | 'scopeField'>

/** Prefix of every key of the kind (for a singleton the key itself). */
export function storagePrefix(root: string, place: Place): string {
  return place.singleton === undefined ? `${root}:${place.storageKey}:` : `${root}:${place.storageKey}`
}

/** Key of an entity. `scope` is the value of `scopeField` when the kind has one (default `default`). */
export function storageKeyOf(root: string, place: Place, id: string, scope?: string): string {
  const prefix = storagePrefix(root, place)
  if (place.singleton !== undefined) return prefix
  return place.scopeField === undefined ? prefix + id : `${prefix}${scope ?? 'default'}:${id}`
}
