/**
 * Audit events of writes: who did what, for whoever exports events.
 *
 * Guarantees: nothing is built unless events are wanted (law 9); a write that was refused, changed nothing or was a dry run
 * makes no event, as upstream; what is done to many at once makes one. Secrets are masked.
 */
import { randomUUID } from 'node:crypto'
import type { ImportRecord } from '../control/history/change-record.ts'
import type { ReplacementOutcome } from '../control/replacement.ts'
import { buildAdminAlert, buildAdminApiEvent } from '../events/index.ts'
import type { EntityDefinition } from '../model/entity.ts'
import {
  type AuditNames,
  cachePurgeNames,
  deleteAllNames,
  exportNames,
  genericNames,
  importNames,
  quotasNames,
  type SnowMonkeyAct,
  snowMonkeyNames,
  importUndoneNames,
  legacyNames,
  sessionsNames,
  targetsNames,
  type WriteVerb,
} from './audit-names.ts'
import type { Call } from './call.ts'
import { storedKey } from './caller.ts'
import type { Written } from './entity-writes.ts'

type Configs = { readonly old: unknown; readonly new: unknown }

/** Tells of a write that was made. */
export function tellWritten(call: Call, written: Written): void {
  const { definition, id, before, after, changed } = written
  if (!changed || call.dryRun || !isWanted(call)) return
  const names = namesOf(call, definition, verbOf(call, written))
  const metadata = after === null ? { [names.idName ?? 'id']: id } : after.view()
  tell(call, names, metadata, names.shape === 'config' ? { old: before?.view(), new: after?.view() } : null)
}

/** Tells that every entity of a kind was removed that the caller may write. */
export function tellDeletedAll(call: Call, definition: EntityDefinition, count: number): void {
  tell(call, deleteAllNames(definition), { count })
}

/** Tells that sessions were ended: all there are, or those of one authentication module. */
export function tellSessionsEnded(
  call: Call,
  definition: EntityDefinition,
  count: number,
  moduleId: string | null,
): void {
  const metadata = { ...(moduleId !== null && { authModuleId: moduleId }), count }
  tell(call, sessionsNames(definition, moduleId !== null), metadata)
}

/** Tells that everything was exchanged for the content of an export. Upstream has no such event. */
export function tellImported(call: Call, counts: Readonly<Record<string, number>>): void {
  tell(call, importNames, counts)
}

/** Tells that an import was taken back. */
export function tellImportUndone(
  call: Call,
  { number }: ImportRecord,
  { created, updated, removed }: ReplacementOutcome,
): void {
  const counts = { created: created.length, updated: updated.length, removed: removed.length }
  tell(call, importUndoneNames, { undone: number, ...counts })
}

/** Tells that day and month of an API key began anew. */
export function tellQuotasReset(call: Call, clientId: string): void {
  tell(call, quotasNames, { clientId })
}

/** Tells that kept answers of backends were taken out. */
export function tellPurged(
  call: Call,
  order: Readonly<Record<'route' | 'urls' | 'tags', unknown>>,
  purged: number,
): void {
  tell(call, cachePurgeNames, { ...order, purged })
}

/** Tells what was done to the snow monkey. */
export function tellSnowMonkey(call: Call, act: SnowMonkeyAct, configs: Configs | null): void {
  tell(call, snowMonkeyNames[act], configs ?? {})
}

/** Tells that everything is read. */
export function tellExported(call: Call): void {
  tell(call, exportNames, {})
}

function isWanted({ services }: Call): boolean {
  return services.audit?.wanted === true
}

function tell(call: Call, names: AuditNames, metadata: unknown, configs: Configs | null = null): void {
  if (!isWanted(call)) return
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
    metadata,
  })
  services.audit?.emit(audit)
  const { alert, shape = 'generic' } = names
  if (alert !== null) services.audit?.emit(buildAdminAlert({ alert, shape }, randomUUID(), audit, configs))
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
