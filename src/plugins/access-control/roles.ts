/** Roles as callers bring them: spelled in several ways, found in several places. */
import { compileLookup } from '../json-paths.ts'

/** Names of roles in a value: a list of texts, or one text with a role, roles and commas, or a list in JSON. */
export function rolesIn(value: unknown): readonly string[] {
  if (Array.isArray(value))
    return value
      .filter(role => typeof role === 'string')
      .map(trimmed)
      .filter(some)
  if (typeof value !== 'string') return []
  const text = value.trim()
  if (text.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(text)
      return Array.isArray(list) ? rolesIn(list) : []
    } catch {
      return []
    }
  }
  return text.split(',').map(trimmed).filter(some)
}

/** Roles in a field of an object; none for what is no object or has no such field of its own. */
export function rolesOfField(holder: unknown, name: string): readonly string[] {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return []
  return rolesIn((holder as Readonly<Record<string, unknown>>)[name])
}

/** Roles in tags such as `role:admin`, or `<prefix>:role:admin`. */
export function rolesInTags(tags: readonly string[], prefix: string): readonly string[] {
  const start = prefix === '' ? 'role:' : `${prefix}:role:`
  return tags
    .filter(tag => tag.startsWith(start))
    .map(tag => tag.slice(start.length).trim())
    .filter(some)
}

/** Roles a path leads to; null path: none. */
export function rolesAt(path: string | null): (document: unknown) => readonly string[] {
  if (path === null || path.trim() === '') return () => []
  const lookup = compileLookup(path)
  return document => {
    const found = lookup(document)
    // A path to several places finds a list of what stands there.
    return Array.isArray(found) ? found.flatMap(rolesIn) : rolesIn(found)
  }
}

export interface RoleRules {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** All of `allow` are needed. */
  readonly allowAll: boolean
  /** Only all of `deny` together are refused. */
  readonly denyAll: boolean
}

/** True when somebody with these roles may pass: he has one at least, those that are wanted, and not those that are denied. */
export function rolesPass({
  allow,
  deny,
  allowAll,
  denyAll,
}: RoleRules): (roles: readonly string[]) => boolean {
  return roles => {
    if (roles.length === 0) return false
    const has = (role: string): boolean => roles.includes(role)
    if (deny.length > 0 && (denyAll ? deny.every(has) : deny.some(has))) return false
    return allow.length === 0 || (allowAll ? allow.every(has) : allow.some(has))
  }
}

const trimmed = (text: string): string => text.trim()
const some = (text: string): boolean => text !== ''
