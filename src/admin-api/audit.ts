/**
 * Audit events of writes: who did what, for whoever exports events.
 *
 * Guarantees: nothing is built unless events are wanted (law 9); a write that was refused, changed nothing or was a dry run
 * makes no event, as upstream. Secrets are masked.
 */
import { randomUUID } from 'node:crypto'
import { buildAdminAlert, buildAdminApiEvent } from '../events/index.ts'
import type { EntityDefinition } from '../model/entity.ts'
import {
  type AuditNames,
  deleteAllNames,
  genericNames,
  legacyNames,
  targetsNames,
  type WriteVerb,
} from './audit-names.ts'
import type { Call } from './call.ts'
import { storedKey } from './caller.ts'
import type { Written } from './entity-writes.ts'

/** Tells of a write that was made. */
export function tellWritten(call: Call, written: Written): void {
  const { definition, id, before, after, changed } = written
  if (!changed || call.dryRun || call.services.audit?.wanted !== true) return
  const verb = verbOf(call, written)
  const names = namesOf(call, definition, verb)
  tell(call, names, verb === 'delete' ? { id } : after?.view(), () =>
    moreOf(names, before?.view(), after?.view()),
  )
}

/** Tells that every entity of a kind was removed that the caller may write. */
export function tellDeletedAll(call: Call, definition: EntityDefinition, count: number): void {
  if (call.services.audit?.wanted === true) tell(call, deleteAllNames(definition), { count }, () => ({}))
}

/** Tells that everything was exchanged for the content of an export. Upstream has no such event. */
export function tellImported(call: Call, counts: Readonly<Record<string, number>>): void {
  const action = 'FULL_OTOROSHI_IMPORT'
  if (call.services.audit?.wanted === true)
    tell(call, { action, message: 'User imported everything', alert: null }, counts, () => ({}))
}

function tell(
  call: Call,
  names: AuditNames,
  metadata: unknown,
  more: () => Readonly<Record<string, unknown>>,
): void {
  const { services, caller } = call
  const audit = buildAdminApiEvent({
    id: randomUUID(),
    at: Date.now(),
    env: services.env ?? 'prod',
    user: caller.user,
    apikey: caller.clientId === null ? null : storedKey(caller.clientId, services),
    action: names.action,
    from: caller.from ?? '--',
    message: names.message,
    metadata: metadata ?? {},
  })
  services.audit?.emit(audit)
  if (names.alert !== null) services.audit?.emit(buildAdminAlert(names.alert, randomUUID(), audit, more()))
}

function verbOf(call: Call, { before, after }: Written): WriteVerb {
  if (before === null) return 'create'
  if (after === null) return 'delete'
  return call.method === 'PATCH' ? 'patch' : 'update'
}

function namesOf(call: Call, definition: EntityDefinition, verb: WriteVerb): AuditNames {
  const { segments } = call
  if (segments[0] === 'apis') return genericNames(definition, verb, segments[4] === '_bulk')
  if (segments[1] === 'history') return genericNames(definition, verb, false)
  const targets = definition.kind === 'ServiceDescriptor' && segments.at(-1) === 'targets'
  return targets
    ? targetsNames(call.method === 'DELETE' ? 'delete' : 'update')
    : legacyNames(definition, verb)
}

// Fields that upstream gives to single alerts.
function moreOf({ alert }: AuditNames, before: unknown, after: unknown): Readonly<Record<string, unknown>> {
  switch (alert) {
    case 'GlobalConfigModification':
      return { oldConfig: before, newConfig: after }
    case 'SessionDiscardedAlert':
      return { user: before }
    default:
      return {}
  }
}
