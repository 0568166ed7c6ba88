/**
 * Writes under validators: an entity that does not pass is refused with what the validators say.
 *
 * Guarantees: the whole entity is judged as it would be stored, whatever the write was; who is under validators of his own
 * cannot get out of them by what he writes: administrators he makes have them too, and keys of the admin API, its route and
 * the auth module he came through are not for him to write.
 */
import type { Replacement } from '../control/replacement.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { equalJson } from '../model/equal-json.ts'
import { authModule } from '../model/kinds/auth-module.ts'
import { simpleAdminUser } from '../model/kinds/simple-admin-user.ts'
import { webauthnAdminUser } from '../model/kinds/webauthn-admin-user.ts'
import { withoutPasswords } from '../model/passwords.ts'
import { readEntity } from '../model/read.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import { isAdministrator, opensAdminApi } from './entity-rights.ts'
import { rulesOf, validatorFaults } from './entity-validators.ts'

type Json = Readonly<Record<string, unknown>>

/** Entities of an import that are judged in one go. */
const together = 200

/** Throws 400 when a validator of the caller does not hold. `entity`: what is to be stored. What is invalid is refused elsewhere. */
export function refuseByValidators(call: Call, definition: EntityDefinition, entity: unknown): void {
  const rules = rulesOf(call)
  const validators = rules.of(definition)
  if (validators.length === 0 && rules.own.length === 0) return
  const read = readEntity<unknown>(definition, entity)
  if (!read.ok || !isObject(read.value)) return
  const way = rules.own.length === 0 ? null : wayOut(call, definition, read.value, rules.own)
  if (way !== null) throw refused([way])
  const judged = withoutPasswords(definition, read.value)
  const failed = validators.filter(validator => !validator.holds(judged))
  if (failed.length > 0) throw refused([...new Set(failed.map(({ error }) => error))])
}

/** True when validators of the caller stand in the entity: removing it would free him of them. */
export function holdsOwnRules(call: Call, definition: EntityDefinition, id: string): boolean {
  const { user, acting } = call.caller
  const isHis =
    (isAdministrator(definition) && id === user?.email) ||
    (definition.kind === 'AuthModule' && id === acting?.module)
  return isHis && rulesOf(call).own.length > 0
}

/** Throws 400 when the caller would get out of his validators. */
export function refuseRemoval(call: Call, definition: EntityDefinition, id: string): void {
  if (holdsOwnRules(call, definition, id))
    throw refused(['whoever is under validators does not remove what holds them'])
}

/** The same for everything an import would change. */
export async function refuseImport(call: Call, { entities, stays }: Replacement): Promise<void> {
  const { caller, services } = call
  if (caller.acting === null) return
  const holders: [EntityDefinition, string | null | undefined][] = [
    [simpleAdminUser, caller.user?.email],
    [webauthnAdminUser, caller.user?.email],
    [authModule, caller.acting.module],
  ]
  for (const [definition, id] of holders) {
    const there = id === null || id === undefined ? null : services.control.get(definition, id)
    if (there !== null && !entities.has(there.key) && !stays(there)) refuseRemoval(call, definition, there.id)
  }
  let judged = 0
  for (const { definition, id, json } of entities.values()) {
    if (services.control.get(definition, id)?.json === json) continue
    refuseByValidators(call, definition, JSON.parse(json))
    if (++judged % together === 0) await new Promise(resolve => setImmediate(resolve))
  }
}

function refused(sentences: readonly string[]): ApiError {
  return new ApiError(400, 'admin.refused_by_validator', 'bad_request', sentences)
}

/** How somebody could get out of his validators by writing this, or null. */
function wayOut(
  call: Call,
  definition: EntityDefinition,
  entity: Json,
  own: readonly unknown[],
): string | null {
  const { caller, services } = call
  if (isAdministrator(definition))
    return own.every(map => includes(entity['adminEntityValidators'], map))
      ? null
      : 'adminEntityValidators: an administrator gets the validators of whoever makes him'
  if (definition.kind === 'Apikey' && opensAdminApi(entity, services))
    return 'whoever is under validators writes no key of the admin API'
  const id = entity[definition.idField]
  if (definition.kind === 'Route' && id === services.adminRoute?.routeId)
    return 'whoever is under validators does not write the route of the admin API'
  if (definition.kind === 'AuthModule' && id === caller.acting?.module)
    return 'whoever is under validators does not write the auth module he came through'
  return null
}

/** True when `given` has every validator of `map`. */
function includes(given: unknown, map: unknown): boolean {
  if (!isObject(map) || !isObject(given)) return false
  return Object.entries(map).every(([name, list]) => {
    const there = Object.hasOwn(given, name) ? given[name] : []
    return (
      Array.isArray(list) &&
      Array.isArray(there) &&
      list.every(validator => there.some(other => equalJson(other, validator)))
    )
  })
}

/** Throws 400 when the entity brings validators that nobody could pass. Those that stay as they are, stay. */
export function refuseBadValidators(definition: EntityDefinition, before: Json | null, entity: Json): void {
  const faults = givenRules(definition, entity).flatMap(([path, map]) => {
    const old = before === null ? undefined : givenRules(definition, before).find(([at]) => at === path)
    return old !== undefined && equalJson(old[1], map)
      ? []
      : validatorFaults(map, false).map(fault => `${path}.${fault}`)
  })
  if (faults.length > 0) throw badRequest(faults.slice(0, 50), 'admin.invalid_entity')
}

/** The maps of validators in an entity, with their places. */
function givenRules(definition: EntityDefinition, entity: Json): (readonly [string, unknown])[] {
  const given = (path: string, map: unknown): (readonly [string, unknown])[] =>
    map === undefined || map === null ? [] : [[path, map]]
  if (isAdministrator(definition)) return given('adminEntityValidators', entity['adminEntityValidators'])
  if (definition.kind !== 'AuthModule') return []
  const { adminEntityValidatorsOverride: override, users } = entity
  return [
    ...Object.entries(isObject(override) ? override : {}).flatMap(([email, map]) =>
      given(`adminEntityValidatorsOverride.${email}`, map),
    ),
    ...(Array.isArray(users) ? users : []).flatMap((user: unknown, i) =>
      given(`users.${i}.adminEntityValidators`, isObject(user) ? user['adminEntityValidators'] : undefined),
    ),
  ]
}
