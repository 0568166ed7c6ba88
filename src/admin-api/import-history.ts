/**
 * An import in the history: what it changed, and how it is taken back. For super admins.
 *
 * Guarantees: taking back is one commit and one revision, or nothing; what was changed since is not lost unless that is
 * asked for; the route of the admin API and the key of the call stay as they are, so that whoever does it can go on.
 * Sessions, and what is no entity, do not come back.
 */
import type { ImportRecord } from '../control/history/change-record.ts'
import type { ImportedEntity } from '../control/history/history.ts'
import type { IncomingEntity, Replacement, ReplacementOutcome } from '../control/replacement.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import { endOf } from '../control/transfer/incoming.ts'
import { readEntity } from '../model/read.ts'
import { ApiError, notFound } from './api-error.ts'
import { tellImportUndone } from './audit.ts'
import type { Call } from './call.ts'
import { originOf, requireSuper } from './caller.ts'
import { jsonReply, type Reply } from './reply.ts'
import { describeChange, jsonOf } from './version-view.ts'
import { refuseImport } from './validated-writes.ts'
import { historyOf } from './versions-api.ts'

/** Entities that are named, and the UTF-16 units of text that are read for it. */
const mostNamed = 1_000
const mostRead = 16_000_000
/** Faults and differences that are told; the others are counted. */
const mostTold = 200

interface Named {
  readonly kind: string
  readonly id: string
}

/** `GET /api/history/:n` of an import: its counts, and the first entities it changed. */
export async function describeImport(call: Call, record: ImportRecord): Promise<Reply> {
  const entities: Record<string, unknown>[] = []
  const total = record.created + record.updated + record.removed
  let read = 0
  reading: for await (const batch of historyOf(call).imported(record.number))
    for (const one of batch) {
      if (one === null) continue
      const { before, after } = one
      const action = before === null ? 'create' : after === null ? 'delete' : 'update'
      entities.push({ ...named(one), action })
      read += (before?.length ?? 0) + (after?.length ?? 0)
      if (entities.length === mostNamed || read > mostRead) break reading
    }
  return jsonReply(200, { ...describeChange(record), entities, entities_left_out: total - entities.length })
}

/** `POST /api/history/:n/_undo` of an import. */
export async function undoImport(call: Call, record: ImportRecord): Promise<Reply> {
  requireSuper(call.caller)
  const { control } = call.services
  const parts = await partsOf(call, record)
  const stays = parts.filter(part => isWayIn(call, part))
  const replacement = replacementOf(
    call,
    record,
    parts.filter(part => !isWayIn(call, part)),
  )
  await refuseImport(call, replacement)
  if (call.dryRun)
    return jsonReply(200, { dry_run: true, ...answer(control.previewReplacement(replacement), stays) })
  const outcome = await control.replaceAll(replacement)
  if (outcome.number !== null) tellImportUndone(call, record, outcome)
  return jsonReply(200, { ...answer(outcome, stays), version: outcome.number })
}

function answer(
  { created, updated, removed, revision }: ReplacementOutcome,
  stays: readonly ImportedEntity[],
) {
  return {
    changed: created.length + updated.length + removed.length > 0,
    revision,
    created: created.length,
    updated: updated.length,
    removed: removed.length,
    stays: stays.map(named),
  }
}

async function partsOf(call: Call, record: ImportRecord): Promise<ImportedEntity[]> {
  const parts: ImportedEntity[] = []
  let missing = record.created + record.updated + record.removed
  for await (const batch of historyOf(call).imported(record.number))
    for (const part of batch) {
      missing--
      if (part === null) throw notFound('the import holds what this version of the gateway does not know')
      parts.push(part)
    }
  if (missing > 0)
    throw notFound(
      `of this import ${missing} versions are no longer kept: it cannot be taken back as a whole`,
    )
  return parts
}

function isWayIn({ services, caller }: Call, { definition, id }: ImportedEntity): boolean {
  return (
    (definition.kind === 'Route' && id === services.adminRoute?.routeId) ||
    (definition.kind === 'Apikey' && id === caller.clientId)
  )
}

function replacementOf(call: Call, record: ImportRecord, parts: readonly ImportedEntity[]): Replacement {
  const removals = new Set<string>()
  const entities = new Map<string, IncomingEntity>()
  const invalid: (Named & { readonly faults: readonly unknown[] })[] = []
  for (const part of parts) {
    if (part.before === null) {
      removals.add(part.key)
      continue
    }
    const read = readEntity(part.definition, jsonOf(part.before))
    if (!read.ok) invalid.push({ ...named(part), faults: read.faults })
    else entities.set(part.key, incomingOf(part, read.value))
  }
  if (invalid.length > 0) throw notValidAnyMore(invalid)
  return {
    entities,
    stays: ({ key }: IndexedEntity) => !removals.has(key),
    changes: [],
    origin: originOf(call.caller, { undone: record.number }),
    ...(call.query.get('force') !== 'true' && {
      check: find => {
        const changed = parts.filter(
          ({ definition, key, after }) => (find(definition, key)?.json ?? null) !== after,
        )
        if (changed.length > 0) throw changedSince(record, changed)
      },
    }),
  }
}

function incomingOf({ definition, id, key }: ImportedEntity, entity: unknown): IncomingEntity {
  return { definition, id, key, json: JSON.stringify(entity), expiresAt: endOf(definition, entity) ?? 0 }
}

function notValidAnyMore(invalid: readonly (Named & { readonly faults: readonly unknown[] })[]): ApiError {
  return new ApiError(
    400,
    'admin.invalid_entity',
    'bad_request',
    'some entities are not valid any more as they were before the import: nothing was taken back',
    { invalid: invalid.slice(0, mostTold), invalid_count: invalid.length },
  )
}

function changedSince({ number }: ImportRecord, changed: readonly ImportedEntity[]): ApiError {
  return new ApiError(
    409,
    'admin.changed_since',
    'conflict',
    `${changed.length} of the entities have been changed since the import: give force=true to lose that`,
    { version: number, changed: changed.slice(0, mostTold).map(named), changed_count: changed.length },
  )
}

function named({ definition, id }: ImportedEntity): Named {
  return { kind: definition.kind, id }
}
