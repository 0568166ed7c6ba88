/**
 * Versions as the API shows them, and who may see them.
 *
 * Guarantees: a version is shown to whoever may read the entity as it was on both sides of the change, and as it is now;
 * passwords and their hashes are never shown.
 */
import type { ChangeRecord, EntityChange, LogRecord } from '../control/history/change-record.ts'
import type { States } from '../control/history/states.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { withoutPasswords } from '../model/passwords.ts'
import { isObject } from '../model/types/shape.ts'
import type { Call } from './call.ts'
import { mayRead } from './entity-rights.ts'
import { diffJson, type Operation } from './json-diff.ts'

const PASSWORD_HASH = /^\$2[abxy]?\$\d\d\$/

/** True when the caller may see the change. `current`: the entity as it is now, or null. */
export function maySee(
  call: Call,
  definition: EntityDefinition,
  { owners }: Pick<EntityChange, 'owners'>,
  current: IndexedEntity | null,
): boolean {
  if (call.caller.rights.isSuper) return true
  return [owners.before, owners.after, current].every(
    side => side === null || mayRead(call.caller, definition, side),
  )
}

/** Who, when, from where, what: without the entity. */
export function describeChange(record: LogRecord): Record<string, unknown> {
  const { number, at, action, clientId, user, from, revision, restored, undone } = record
  return {
    version: number,
    at,
    action,
    ...described(record),
    client_id: clientId,
    user,
    from,
    revision,
    ...(restored !== undefined && { restored_from: restored }),
    ...(undone !== undefined && { undid: undone }),
  }
}

function described(record: LogRecord): Record<string, unknown> {
  if (record.action === 'import') {
    const { created, updated, removed } = record
    return { kind: null, id: null, created, updated, removed }
  }
  const { kind, id, imported } = record
  return { kind, id, ...(imported === true && { imported }) }
}

/** The organization of an entity whose key holds one (a team), by what is recorded of it. */
export function scopeIn({ scopeField }: EntityDefinition, { owners }: ChangeRecord): string | undefined {
  const scope = scopeField === undefined ? undefined : (owners.after ?? owners.before)?.[scopeField]
  return typeof scope === 'string' ? scope : undefined
}

/** The entity on both sides of a change, and the operations between them. */
export function describeStates(definition: EntityDefinition, { before, after }: States) {
  const [old, now] = [shown(definition, before), shown(definition, after)]
  return { before: old, after: now, diff: diffStates(definition, before, after) }
}

/** What leads from one state to another (RFC 6902). Null: the entity is not there. */
export function diffStates(
  definition: EntityDefinition,
  before: string | null,
  after: string | null,
): unknown[] {
  const [old, now] = [jsonOf(before), jsonOf(after)]
  if (old === null) return now === null ? [] : [{ op: 'add', path: '', value: shown(definition, after) }]
  if (now === null) return [{ op: 'remove', path: '' }]
  // Compared before it is masked: that a hidden value changes is part of the difference.
  return diffJson(old, now).map(operation => masked(definition, operation))
}

function masked({ passwords = [] }: EntityDefinition, operation: Operation): unknown {
  if (operation.op === 'remove') return operation
  if (passwords.some(field => operation.path === `/${field}`))
    return { op: operation.op, path: operation.path, hidden: true }
  return { ...operation, value: withoutHashes(operation.value) }
}

function shown(definition: EntityDefinition, text: string | null): unknown {
  const json = jsonOf(text)
  return withoutHashes(isObject(json) ? withoutPasswords(definition, json) : json)
}

function withoutHashes(value: unknown): unknown {
  if (typeof value === 'string') return PASSWORD_HASH.test(value) ? '***' : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutHashes)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutHashes(inner)]))
}

/** A recorded state as JSON, null when there is none or it cannot be read. */
export function jsonOf(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
