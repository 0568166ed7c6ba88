/**
 * `/api/otoroshi.json` and `/api/import`: everything out, everything in (reference, 5.1 and 6). For super admins.
 *
 * Guarantees: an import is one commit and one revision, or nothing; it names everything that speaks against it.
 */
import type { ControlPlane } from '../control/control-plane.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { Replacement } from '../control/replacement.ts'
import { exportJson } from '../control/transfer/export-json.ts'
import { exportLines } from '../control/transfer/export-lines.ts'
import { Incoming } from '../control/transfer/incoming.ts'
import { NotAnExport } from '../control/transfer/item-splitter.ts'
import { keptKey, readKept } from '../control/transfer/kept.ts'
import { readJsonExport } from '../control/transfer/read-json.ts'
import { readLinesExport } from '../control/transfer/read-lines.ts'
import { readApikey } from '../identity/apikey.ts'
import { apikey } from '../model/kinds/apikey.ts'
import { ApiError, badRequest } from './api-error.ts'
import { tellImported } from './audit.ts'
import { readChunks } from './body-chunks.ts'
import type { Call } from './call.ts'
import { originOf, requireSuper } from './caller.ts'
import { contentType } from './decode.ts'
import { type CallingKey, importWarnings } from './import-warnings.ts'
import { formOf } from './rendering.ts'
import { jsonReply, type Reply } from './reply.ts'
import { doneAnswer, dryRunAnswer, invalidImport } from './transfer-answers.ts'

/** Answers hold every secret there is. */
const headers = [['Cache-Control', 'no-store']] as const

/** `GET /api/otoroshi.json`: everything, as JSON or (by `Accept`) as lines of raw keys. */
export async function exportEverything(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  const { control } = call.services
  const { store, root } = control.stored
  if (formOf(call) === 'ndjson')
    return { status: 200, headers, type: 'application/x-ndjson', body: exportLines({ store, root }) }
  const kept = readKept(await store.get(keptKey(root)))
  return { status: 200, headers, type: 'application/json', body: exportJson(control, kept) }
}

/** An import holds what it brings in memory: one at a time. */
const importing = new WeakSet<ControlPlane>()

/** `POST /api/otoroshi.json`, `POST /api/import`: everything exchanged for what the body holds. */
export async function importEverything(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  const { control } = call.services
  if (importing.has(control))
    throw new ApiError(409, 'admin.conflict', 'conflict', 'another import is under way, try again')
  importing.add(control)
  try {
    return await importOnce(call)
  } finally {
    importing.delete(control)
  }
}

async function importOnce(call: Call): Promise<Reply> {
  const { control, adminRoute } = call.services
  const { store, root } = control.stored
  const incoming = new Incoming(root)
  await read(call, incoming)
  const keptBefore = await store.get(keptKey(root))
  const replacement: Replacement = {
    entities: incoming.entities,
    stays: entity => incoming.isInvalidKey(entity.key) || isAdminRoute(entity, adminRoute?.routeId),
    changes: incoming.changes(keptBefore),
    origin: originOf(call.caller),
  }
  const warnings = [...importWarnings(incoming, adminRoute, callingKey(call)), ...incoming.warnings]
  const context = { incoming, warnings, keptBefore: readKept(keptBefore) }
  if (call.dryRun) return dryRunAnswer(control.previewReplacement(replacement), context)
  if (incoming.invalidCount > 0) throw invalidImport(incoming, warnings)
  const outcome = await control.replaceAll(replacement)
  const { created, updated, removed } = outcome
  tellImported(call, { created: created.length, updated: updated.length, removed: removed.length })
  return jsonReply(200, doneAnswer(outcome, context))
}

async function read(call: Call, incoming: Incoming): Promise<void> {
  const lines = isLines(call)
  const chunks = readChunks(call.exchange, call.limits.maxImport, call.limits.readAhead)
  try {
    await (lines ? readLinesExport(chunks, incoming) : readJsonExport(chunks, incoming))
  } catch (error) {
    throw error instanceof NotAnExport ? badRequest(`this is no export: ${error.message}`) : error
  }
}

// An uploaded file says in a field of its own what it is.
function isLines(call: Call): boolean {
  const own = call.headers.get('x-content-type')
  const type = own === undefined ? contentType(call) : own.split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'application/x-ndjson') return true
  if (type === '' || type === 'application/json') return false
  if (call.path === '/api/import' && type === 'application/octet-stream') return false
  throw badRequest('bad content type', 'admin.bad_content_type')
}

// Without its own route the admin API would be closed for good.
function isAdminRoute(entity: IndexedEntity, routeId: string | undefined): boolean {
  return entity.definition.kind === 'Route' && entity.id === routeId
}

function callingKey(call: Call): CallingKey | null {
  const { clientId } = call.caller
  if (clientId === null) return null
  const stored = call.services.control.get(apikey, clientId)
  const key = stored === null ? null : readApikey(stored.json)
  return { clientId, secret: key?.clientSecret ?? null }
}
