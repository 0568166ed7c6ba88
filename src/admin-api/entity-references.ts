/**
 * Who refers to an entity, and what an entity refers to.
 *
 * Guarantees: entities the caller may not read are counted, never named; a search lets other work run. Texts are searched
 * for the id before they are parsed, so that a million API keys can be asked.
 */
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { referenceFields, referencesIn } from '../model/references.ts'
import { definitionOf, storedDefinitions } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { mayRead } from './entity-rights.ts'
import { findStored } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

/** Entities a plain deletion looks at: two or three milliseconds of work. */
const mostLookedAt = 5000
/** Users a deletion names. */
const mostNamed = 20

export interface EntityUser {
  readonly kind: string
  readonly id: string
  readonly name: unknown
  /** Where the references stand. */
  readonly paths: readonly string[]
}

export interface EntityUsers {
  readonly users: readonly EntityUser[]
  /** Users the caller may not read. */
  readonly hidden: number
}

const nobody: EntityUsers = { users: [], hidden: 0 }

/** `GET …/:id/_references`: what the entity refers to, and who refers to it. */
export async function entityReferences(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const entity = findStored(call, definition, id)
  if (entity === null) throw notFound()
  if (!mayRead(call.caller, definition, entity))
    throw new ApiError(401, 'admin.unauthorized', 'unauthorized', 'you cannot access this resource')
  const { users, hidden } = await usersOf(call, entity)
  const references = referencesIn(entity.definition, entity.view()).map(({ loose, ...reference }) => {
    const found = isThere(call, reference)
    // Of fields that may hold something else, only what is there is known to be a reference.
    return loose && !found ? null : { ...reference, found }
  })
  return jsonReply(200, {
    kind: entity.definition.kind,
    id: entity.id,
    references: references.filter(reference => reference !== null),
    used_by: users,
    hidden,
  })
}

// What the caller may not read is not there for him: guessing ids must not pay.
function isThere(call: Call, { kind, id }: { kind: string; id: string }): boolean {
  const definition = definitionOf(kind)
  const entity = definition === null ? null : call.services.control.get(definition, id)
  return definition !== null && entity !== null && mayRead(call.caller, definition, entity)
}

// Teams of two organizations may have one id.
function ownedElsewhere(team: IndexedEntity, user: Readonly<Record<string, unknown>>): boolean {
  if (team.definition.kind !== 'Team') return false
  const location = user['_loc'] ?? user['location']
  return isObject(location) && location['tenant'] !== team.view()['tenant']
}

/** The entities that refer to an entity. */
export async function usersOf(call: Call, entity: IndexedEntity): Promise<EntityUsers> {
  const users: EntityUser[] = []
  let hidden = 0
  let looked = 0
  const needle = JSON.stringify(entity.id).slice(1, -1)
  for (const definition of usingKinds(entity.definition))
    for (const candidate of call.services.control.list(definition)) {
      if (++looked % 2000 === 0) await new Promise(resolve => setImmediate(resolve))
      // Stores of others may escape more than is needed.
      if (!candidate.json.includes(needle) && !candidate.json.includes('\\u')) continue
      if (candidate.key === entity.key) continue
      const view = candidate.view()
      if (ownedElsewhere(entity, view)) continue
      const paths = referencesIn(definition, view)
        .filter(({ kind, id }) => kind === entity.definition.kind && id === entity.id)
        .map(({ path }) => path)
      if (paths.length === 0) continue
      if (!mayRead(call.caller, definition, candidate)) hidden++
      else users.push({ kind: definition.kind, id: candidate.id, name: view['name'] ?? null, paths })
    }
  return { users, hidden }
}

const using = new Map<string, readonly EntityDefinition[]>()

function usingKinds({ kind }: EntityDefinition): readonly EntityDefinition[] {
  let known = using.get(kind)
  if (known === undefined) {
    known = storedDefinitions.filter(d => referenceFields(d).some(field => field.kinds.includes(kind)))
    using.set(kind, known)
  }
  return known
}

/**
 * What a deletion breaks, to be told in its answer; null when there are too many entities to look at. With `?unused=true`
 * every entity is looked at, and one that is used is refused with 409.
 */
export async function brokenBy(
  call: Call,
  definition: EntityDefinition,
  id: string,
): Promise<EntityUsers | null> {
  const entity = findStored(call, definition, id)
  if (entity === null) return nobody
  const insists = call.query.get('unused') === 'true'
  const { control } = call.services
  const candidates = usingKinds(entity.definition).reduce((sum, kind) => sum + control.count(kind), 0)
  if (!insists && !call.dryRun && candidates > mostLookedAt) return null
  // Who may not read it is told nothing about it.
  if (!mayRead(call.caller, definition, entity)) return nobody
  const found = await usersOf(call, entity)
  if (insists && found.users.length + found.hidden > 0)
    throw new ApiError(409, 'admin.in_use', 'conflict', 'other entities refer to this one', {
      used_by: found.users.slice(0, mostNamed),
      hidden: found.hidden + Math.max(0, found.users.length - mostNamed),
    })
  return found
}

/** The header that tells what a deletion broke; none when nothing refers to the entity. */
export function usedByHeaders(found: EntityUsers | null): Array<readonly [string, string]> {
  if (found === null) return [['Otoroshi-Entity-Used-By', 'unknown']]
  const { users, hidden } = found
  if (users.length + hidden === 0) return []
  const named = users
    .slice(0, mostNamed)
    .map(({ kind, id }) => `${kind}/${encodeURIComponent(id.toWellFormed())}`)
  const more = users.length + hidden - named.length
  return [['Otoroshi-Entity-Used-By', [...named, ...(more > 0 ? [`+${more}`] : [])].join(', ')]]
}
