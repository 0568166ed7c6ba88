/**
 * Validators of entities (reference, 2): what whoever acts for a user may write, besides his rights. A map leads from `all`
 * or the name of a kind to validators; those of the settings hold for every user, the others for the user they are given to.
 *
 * Guarantees: a validator that cannot be read, or whose kind is not part of this version, holds of nothing (law 1); the
 * rules stored for a user count as well as those his token brings, so an older token frees nobody.
 */
import { compileValidator, type JsonValidator, PathFault } from '../expression/index.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { authModule } from '../model/kinds/auth-module.ts'
import { simpleAdminUser } from '../model/kinds/simple-admin-user.ts'
import { webauthnAdminUser } from '../model/kinds/webauthn-admin-user.ts'
import { definitions } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import type { Call } from './call.ts'

/** Kinds of validators upstream has; the first one is part of this version. */
const KNOWN_KINDS = ['json-path-validator', 'wasm-plugin-validator', 'opa-plugin-validator']

/** The rules of one caller. */
export interface CallerRules {
  /** Maps that are the user's own, not those of the settings. */
  readonly own: readonly unknown[]
  /** Validators that entities of the kind must pass. */
  of(definition: EntityDefinition): readonly JsonValidator[]
}

const nothing: CallerRules = { own: [], of: () => [] }
const made = new WeakMap<Call['caller'], CallerRules>()

/** The rules of whoever calls: none for a key that acts for nobody and is not limited. */
export function rulesOf(call: Call): CallerRules {
  const { caller, services } = call
  if (caller.acting === null) return nothing
  let rules = made.get(caller)
  if (rules === undefined) {
    const own = [caller.acting.validators, ...storedRules(call)].filter(isGiven)
    rules = compiledRules([services.entityValidators ?? {}, ...own], own)
    made.set(caller, rules)
  }
  return rules
}

function isGiven(map: unknown): boolean {
  return map !== undefined && map !== null && !(isObject(map) && Object.keys(map).length === 0)
}

/** What is stored for the acting user: as an administrator, and in the auth module he came through. */
function storedRules({ caller, services: { control } }: Call): unknown[] {
  const email = caller.user?.email ?? ''
  if (email === '') return []
  const rules = [simpleAdminUser, webauthnAdminUser].map(
    kind => control.get(kind, email)?.view()['adminEntityValidators'],
  )
  const moduleId = caller.acting?.module ?? null
  const module = moduleId === null ? undefined : control.get(authModule, moduleId)?.view()
  if (module === undefined) return rules
  const { adminEntityValidatorsOverride: override, users } = module
  if (isObject(override) && Object.hasOwn(override, email)) rules.push(override[email])
  for (const user of Array.isArray(users) ? users : [])
    if (isObject(user) && user['email'] === email) rules.push(user['adminEntityValidators'])
  return rules
}

function compiledRules(maps: readonly unknown[], own: readonly unknown[]): CallerRules {
  const known = new Map<string, readonly JsonValidator[]>()
  return {
    own,
    of(definition) {
      let rules = known.get(definition.kind)
      if (rules === undefined) {
        rules = maps.flatMap(map => rulesFor(definition, map))
        known.set(definition.kind, rules)
      }
      return rules
    },
  }
}

function rulesFor(definition: EntityDefinition, map: unknown): JsonValidator[] {
  if (!isObject(map)) return [unreadable('validators are an object of lists')]
  const names = namesOf(definition)
  return Object.entries(map)
    .filter(([name]) => names.has(name.toLowerCase()))
    .flatMap(([name, list]) =>
      Array.isArray(list) ? list.map(compiledOrClosed) : [unreadable(`${name} is no list`)],
    )
}

function compiledOrClosed(json: unknown): JsonValidator {
  try {
    return compileValidator(json)
  } catch (error) {
    if (!(error instanceof PathFault)) throw error
    return unreadable(error.message)
  }
}

function unreadable(why: string): JsonValidator {
  return { error: `entity validation failed: a validator cannot be read: ${why}`, holds: () => false }
}

const names = new Map<string, ReadonlySet<string>>()

/** What a kind may be called, in lower case; kinds that share their entities share their rules. */
function namesOf({ kind, aliasOf }: EntityDefinition): ReadonlySet<string> {
  let found = names.get(kind)
  if (found === undefined) {
    const stored = aliasOf ?? kind
    const same = definitions.filter(other => (other.aliasOf ?? other.kind) === stored)
    found = new Set(
      ['all', ...same.flatMap(other => [other.singular, other.plural, other.kind, dashed(other.kind)])].map(
        name => name.toLowerCase(),
      ),
    )
    names.set(kind, found)
  }
  return found
}

// Upstream's older API calls a SimpleAdminUser `simple-admin-user`, its newer one `admins`.
function dashed(kind: string): string {
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-')
}

/** What is wrong with a map of validators, one sentence each. `strict`: those this version lacks are faults, too. */
export function validatorFaults(map: unknown, strict: boolean): string[] {
  if (!isObject(map)) return ['Expected an object of lists of validators']
  return Object.entries(map).flatMap(([name, list]) => {
    if (!Array.isArray(list)) return [`${name}: Expected a list of validators`]
    return list.flatMap((json, i) => {
      const fault = validatorFault(json, strict)
      return fault === null ? [] : [`${name}.${i}: ${fault}`]
    })
  })
}

function validatorFault(json: unknown, strict: boolean): string | null {
  const kind = isObject(json) ? json['kind'] : undefined
  const later = typeof kind === 'string' && KNOWN_KINDS.indexOf(kind) > 0
  // It is kept for the gateway that knows it, and closes here.
  if (later && !strict) return null
  try {
    compileValidator(json)
    return null
  } catch (error) {
    if (!(error instanceof PathFault)) throw error
    return error.message
  }
}
