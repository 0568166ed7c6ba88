/**
 * The writes of entities, shared by the generic and the legacy API: decided inside the control plane's queue, so that
 * conditions, existence and patches are judged on what is really there.
 */
import type { ChangeOutcome, ChangeRequest, Decision } from '../control/change.ts'
import type { ChangeTrace } from '../control/history/change-record.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { newId } from '../model/ids.ts'
import { holdsPasswords } from '../model/passwords.ts'
import { readEntity } from '../model/read.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, notFound } from './api-error.ts'
import { tellWritten } from './audit.ts'
import type { Call } from './call.ts'
import { originOf } from './caller.ts'
import { mayWrite } from './entity-rights.ts'
import { checkConditions } from './conditions.ts'
import type { Content } from './decode.ts'
import { sentId, taken, viewOf } from './entity-view.ts'
import { equalJson } from './json-value.ts'
import { type Seal, unsealed, writeSealed } from './password-writes.ts'
import { templateOf } from './templates.ts'
import { refuseBadValidators, refuseByValidators, refuseRemoval } from './validated-writes.ts'

export interface WriteOptions {
  /** Keeps `metadata.created_at` and `metadata.updated_at`, as the generic API does. */
  readonly stamped: boolean
  /** Honours `If-Match` and `If-None-Match`: not for the lines of a bulk. */
  readonly conditional: boolean
  /** No audit event: the caller tells of many writes as one. */
  readonly untold?: boolean
}

/** What a write has come to: the change, or what it would be. */
export interface Written extends ChangeOutcome {
  readonly definition: EntityDefinition
  readonly id: string
}

/** Creates an entity; its id comes from the content or is new. Rejects with 409 when it is there. */
export function create(
  call: Call,
  definition: EntityDefinition,
  content: Content,
  options: WriteOptions,
): Promise<Written> {
  const input = taken(definition, contentOver(call, definition, content, null), null)
  const id = sentId(definition, input) ?? newId(definition, call.services.env)
  const entity = stamp({ ...input, [definition.idField]: id }, null, 'created_at', options)
  return write(call, definition, id, scopeOf(call, definition, input), options, (current, seal) => {
    if (current !== null) throw alreadyExists()
    return { action: 'write', entity: seal(entity, null) }
  })
}

/** Replaces an entity, or creates it unless `mustExist`. An entity that stays the same is not written. */
export function replace(
  call: Call,
  definition: EntityDefinition,
  id: string,
  content: Content,
  options: WriteOptions & { readonly mustExist: boolean },
): Promise<Written> {
  const scope =
    content.form === 'value' && isObject(content.value)
      ? scopeOf(call, definition, content.value)
      : storedScope(call, definition, id)
  const name = scope !== undefined && id.startsWith(`${scope}:`) ? id.slice(scope.length + 1) : id
  return write(call, definition, name, scope, options, (current, seal) => {
    if (current === null && options.mustExist) throw notFound()
    const input = seal(taken(definition, contentOver(call, definition, content, current), current), current)
    return settled(definition, { ...input, ...idFields(definition, name, current) }, current, options)
  })
}

/** Applies a patch to an entity that is there. */
export function patch(
  call: Call,
  definition: EntityDefinition,
  id: string,
  apply: (base: unknown) => unknown,
  options: WriteOptions,
): Promise<Written> {
  return write(call, definition, id, storedScope(call, definition, id), options, (current, seal) => {
    if (current === null) throw notFound()
    const input = seal(taken(definition, apply(viewOf(current)), current), current)
    return settled(definition, input, current, options)
  })
}

/** Removes an entity that is there. */
export function remove(
  call: Call,
  definition: EntityDefinition,
  id: string,
  options: WriteOptions,
): Promise<Written> {
  return write(call, definition, id, storedScope(call, definition, id), options, current => {
    if (current === null) throw notFound()
    return { action: 'remove' }
  })
}

/** Brings an entity back to a recorded state: what `decide` says of what is there now. */
export function bringBack(
  call: Call,
  place: { readonly definition: EntityDefinition; readonly id: string; readonly scope: string | undefined },
  trace: ChangeTrace,
  decide: (current: IndexedEntity | null) => Record<string, unknown> | null,
): Promise<Written> {
  const { definition, id, scope } = place
  const options = { stamped: false, conditional: true }
  const transition = (current: IndexedEntity | null, seal: Seal): Decision => {
    const entity = decide(current)
    if (entity !== null) return { action: 'write', entity: seal(entity, current) }
    return { action: current === null ? 'keep' : 'remove' }
  }
  return write(call, definition, id, scope, options, transition, trace)
}

async function write(
  call: Call,
  definition: EntityDefinition,
  id: string,
  scope: string | undefined,
  options: WriteOptions,
  transition: (current: IndexedEntity | null, seal: Seal) => Decision,
  trace: ChangeTrace = {},
): Promise<Written> {
  const origin = originOf(call.caller, trace)
  const requestOf = (seal: Seal): ChangeRequest => ({
    definition,
    id,
    ...(scope !== undefined && { scope }),
    origin,
    transition(current) {
      if (options.conditional) checkConditions(call.headers, current)
      const decision = transition(current, seal)
      const judged = decision.action === 'write' ? decision.entity : current
      if (
        !mayWrite(call.caller, definition, current, call.services) ||
        !mayWrite(call.caller, definition, judged, call.services)
      )
        throw new ApiError(401, 'admin.unauthorized', 'unauthorized', 'you cannot access this resource')
      if (decision.action === 'write') {
        refuseByRule(definition, current, decision.entity)
        if (isObject(decision.entity))
          refuseBadValidators(definition, current?.view() ?? null, decision.entity)
        refuseByValidators(call, definition, decision.entity)
      } else if (decision.action === 'remove') refuseRemoval(call, definition, id)
      return decision
    },
  })
  const { control } = call.services
  const make = async (seal: Seal) =>
    call.dryRun ? control.preview(requestOf(seal)) : control.change(requestOf(seal))
  const look = (seal: Seal) => {
    requestOf(seal).transition(control.get(definition, id, scope))
  }
  const sealing = holdsPasswords(definition)
  const outcome = await (sealing ? writeSealed(call, definition, look, make) : make(unsealed))
  const written = { ...outcome, definition, id }
  if (options.untold !== true) tellWritten(call, written)
  return written
}

/** Throws 400 when the kind has a rule against the change. What is invalid is refused elsewhere. */
function refuseByRule(definition: EntityDefinition, current: IndexedEntity | null, entity: unknown): void {
  if (definition.judge === undefined) return
  const after = readEntity(definition, entity)
  const before = current?.read() ?? null
  // An entity that cannot be read any more must be repairable.
  if (!after.ok || before?.ok === false) return
  const fault = definition.judge(before?.value ?? null, after.value)
  if (fault !== null)
    throw new ApiError(400, 'admin.change_refused', fault.code, fault.description, fault.more)
}

function contentOver(
  call: Call,
  definition: EntityDefinition,
  content: Content,
  current: IndexedEntity | null,
): unknown {
  if (content.form === 'value') return content.value
  return content.apply(current === null ? templateOf(call, definition) : viewOf(current))
}

function idFields(
  definition: EntityDefinition,
  id: string,
  current: IndexedEntity | null,
): Record<string, unknown> {
  return definition.singleton === undefined ? { [definition.idField]: current?.id ?? id } : {}
}

/** The entity under an id; of kinds with a scope (teams) that of the caller's organization first. */
export function findStored(call: Call, definition: EntityDefinition, id: string): IndexedEntity | null {
  return call.services.control.get(definition, id, storedScope(call, definition, id))
}

function storedScope(call: Call, definition: EntityDefinition, id: string): string | undefined {
  if (definition.scopeField === undefined) return undefined
  const { tenant } = call.caller
  return call.services.control.get(definition, id, tenant) === null ? undefined : tenant
}

function scopeOf(
  call: Call,
  definition: EntityDefinition,
  input: Record<string, unknown>,
): string | undefined {
  if (definition.scopeField === undefined) return undefined
  const given = input[definition.scopeField]
  return typeof given === 'string' ? given : call.caller.tenant
}

function settled(
  definition: EntityDefinition,
  input: Record<string, unknown>,
  current: IndexedEntity | null,
  options: WriteOptions,
): Decision {
  if (current !== null) {
    const same = readEntity(definition, withTimes(input, current, options))
    if (same.ok && equalJson(same.value, current.view())) return { action: 'keep' }
  }
  return { action: 'write', entity: stamp(input, current, 'updated_at', options) }
}

/** The entity with the times of the stored one. */
function withTimes(
  input: Record<string, unknown>,
  current: IndexedEntity | null,
  options: WriteOptions,
): Record<string, unknown> {
  const metadata = input['metadata'] ?? {}
  const stored = current?.view()['metadata']
  if (!options.stamped || !isObject(metadata) || !isObject(stored)) return input
  const { created_at, updated_at } = stored
  return {
    ...input,
    metadata: {
      ...metadata,
      ...(created_at !== undefined && { created_at }),
      ...(updated_at !== undefined && { updated_at }),
    },
  }
}

function stamp(
  input: Record<string, unknown>,
  current: IndexedEntity | null,
  field: 'created_at' | 'updated_at',
  options: WriteOptions,
): Record<string, unknown> {
  if (!options.stamped) return input
  const timed = withTimes(input, current, options)
  const metadata = timed['metadata'] ?? {}
  return isObject(metadata)
    ? { ...timed, metadata: { ...metadata, [field]: new Date().toISOString() } }
    : timed
}

function alreadyExists(): ApiError {
  return new ApiError(409, 'admin.exists', 'conflict', 'resource already exists')
}
