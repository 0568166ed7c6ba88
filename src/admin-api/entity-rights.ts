/**
 * Which entities a caller may read and write: the one place where rights meet kinds (reference, 2).
 *
 * An entity belongs to the organization and teams it names. What has no owner (global configuration, organizations) and
 * what could be used to gain rights (administrators, keys and route of the admin API) needs more than its owner's rights.
 */
import { viewApikey } from '../identity/apikey.ts'
import { type Owner, Rights } from '../identity/rights.ts'
import { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import type { Apikey } from '../model/kinds/apikey.ts'
import { apikey } from '../model/kinds/apikey.ts'
import { readEntity } from '../model/read.ts'
import { definitionOf } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { ACCESS_RIGHTS, type Caller } from './caller.ts'
import type { AdminApiServices } from './services.ts'

type Json = Readonly<Record<string, unknown>>

/** Kinds of administrators and their sessions: who may write them may give rights. */
const ADMINISTRATORS = new Set(['SimpleAdminUser', 'WebauthnAdminUser', 'AdminSession'])
/** Kinds that show and end the logins of users: for administrators of the organization. */
const SESSIONS = new Set(['AuthModuleUser'])
/** Kinds whose owner stands in `location`, as upstream wrote them. */
const LOCATED = new Set(['ApiSubscription', 'RouteTemplate'])
const ORGANIZATIONS = new Set(['Organization', 'Tenant'])

/** True for kinds whose entities are administrators or their sessions. */
export function isAdministrator({ kind }: EntityDefinition): boolean {
  return ADMINISTRATORS.has(kind)
}

/** True when the caller may see the entity: a stored one or its JSON. */
export function mayRead(caller: Caller, definition: EntityDefinition, entity: unknown): boolean {
  const { rights } = caller
  if (rights.isSuper) return true
  const json = jsonOf(entity)
  if (json === null || definition.kind === 'GlobalConfig') return false
  if (ORGANIZATIONS.has(definition.kind)) return rights.readsTenant(textAt(json, 'id') ?? '')
  const owner = ownerOf(definition, json)
  if (ADMINISTRATORS.has(definition.kind))
    return (
      here(caller, owner) && rights.administers(owner.tenant) && rights.covers(Rights.read(json['rights']))
    )
  if (SESSIONS.has(definition.kind)) return here(caller, owner) && rights.administers(owner.tenant)
  return here(caller, owner) && rights.on(owner, 'r')
}

/** True when the caller may write what is there or what shall be there (`null`: nothing). */
export function mayWrite(
  caller: Caller,
  definition: EntityDefinition,
  entity: unknown,
  services: AdminApiServices,
): boolean {
  const { rights } = caller
  if (rights.isSuper || entity === null) return true
  const json = jsonOf(entity)
  if (json === null || definition.kind === 'GlobalConfig' || ORGANIZATIONS.has(definition.kind)) return false
  const owner = ownerOf(definition, json)
  if (!here(caller, owner)) return false
  if (definition.kind === 'Team' || SESSIONS.has(definition.kind)) return rights.administers(owner.tenant)
  if (ADMINISTRATORS.has(definition.kind))
    return rights.administers(owner.tenant) && rights.covers(Rights.read(json['rights']))
  if (!rights.on(owner, 'rw')) return false
  if (definition.kind === 'Apikey') return mayWriteKey(rights, json, services)
  // Whoever changes the admin API's own route could take its guard away.
  return textAt(json, definition.idField) !== services.adminRoute?.routeId
}

/** A key of the admin API acts with the rights written in it: nobody makes one that may do more than himself. */
function mayWriteKey(rights: Rights, json: Json, services: AdminApiServices): boolean {
  const read = readEntity(apikey, json)
  if (!read.ok) return true // It will be refused for what is wrong with it.
  if (!isGrantedHere(read.value, services)) return true
  const { metadata } = read.value
  return Object.hasOwn(metadata, ACCESS_RIGHTS) && rights.covers(Rights.read(metadata[ACCESS_RIGHTS]))
}

/** True when the key (its JSON) may call the admin API; false for what is no key. */
export function opensAdminApi(json: Json, services: AdminApiServices): boolean {
  const read = readEntity(apikey, json)
  return read.ok && isGrantedHere(read.value, services)
}

function isGrantedHere(key: Apikey, services: AdminApiServices): boolean {
  const { adminRoute } = services
  if (adminRoute === undefined) return true
  const view = viewApikey(key)
  const route = definitionOf('Route')
  const groups = route === null ? [] : services.control.get(route, adminRoute.routeId)?.view()['groups']
  return (
    view.grantedOn('route', adminRoute.routeId) ||
    view.grantedOn('service', adminRoute.routeId) ||
    [adminRoute.groupId, ...(Array.isArray(groups) ? groups : [])].some(id =>
      view.grantedOn('group', String(id)),
    )
  )
}

function here(caller: Caller, owner: Owner): boolean {
  return owner.tenant === caller.tenant || owner.tenant === '*'
}

/** Organization and teams of an entity; `default` where it names none. */
function ownerOf(definition: EntityDefinition, json: Json): Owner {
  if (definition.kind === 'Team')
    return { tenant: textAt(json, 'tenant') ?? 'default', teams: [textAt(json, 'id') ?? ''] }
  const location = json[LOCATED.has(definition.kind) ? 'location' : '_loc']
  if (!isObject(location)) return { tenant: 'default', teams: ['default'] }
  const { tenant, teams } = location
  return {
    tenant: typeof tenant === 'string' ? tenant : 'default',
    teams: Array.isArray(teams) ? teams.filter(team => typeof team === 'string') : ['default'],
  }
}

function jsonOf(entity: unknown): Json | null {
  const json = entity instanceof IndexedEntity ? entity.view() : entity
  return isObject(json) ? json : null
}

function textAt(json: Json, key: string): string | null {
  const value = json[key]
  return typeof value === 'string' ? value : null
}
