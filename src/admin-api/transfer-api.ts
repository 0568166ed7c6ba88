/**
 * `/api/otoroshi.json` and `/api/import`: everything out, everything in (reference, 5.1 and 6). For super admins.
 *
 * Guarantees: an import is one commit and one revision, or nothing; it names everything that speaks against it; whoever
 * makes it can call the admin API afterwards.
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
import type { EntityDefinition } from '../model/entity.ts'
import { apikey } from '../model/kinds/apikey.ts'
import { backend } from '../model/kinds/backend.ts'
import { globalConfig } from '../model/kinds/global-config.ts'
import { route } from '../model/kinds/route.ts'
import { readEntityText } from '../model/read.ts'
import type { EntityWrite } from '../revision/delta.ts'
import { ApiError, badRequest } from './api-error.ts'
import { tellExported, tellImported } from './audit.ts'
import { readChunks } from './body-chunks.ts'
import type { Call } from './call.ts'
import { originOf, requireSuper } from './caller.ts'
import { contentType } from './decode.ts'
import { guardWayIn, type WayIn } from './guarded-import.ts'
import { hashImported } from './import-passwords.ts'
import { importWarnings } from './import-warnings.ts'
import { formOf } from './rendering.ts'
import { jsonReply, type Reply } from './reply.ts'
import { closingImport, doneAnswer, dryRunAnswer, invalidImport } from './transfer-answers.ts'
import { refuseImport } from './validated-writes.ts'

/** Answers hold every secret there is. */
const headers = [['Cache-Control', 'no-store']] as const

/** `GET /api/otoroshi.json`: everything, as JSON or (by `Accept`) as lines of raw keys. */
export async function exportEverything(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  tellExported(call)
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
  await hashPasswords(call, incoming)
  const guarded = await guardWayIn(incoming, wayInOf(call, incoming))
  const keptBefore = await store.get(keptKey(root))
  const stays = (entity: IndexedEntity): boolean =>
    incoming.isInvalidKey(entity.key) ||
    (guarded.routeStays && entity.definition.kind === 'Route' && entity.id === adminRoute?.routeId) ||
    (guarded.keyStays && entity.definition.kind === 'Apikey' && entity.id === call.caller.clientId)
  const replacement: Replacement = {
    entities: incoming.entities,
    stays,
    changes: incoming.changes(keptBefore),
    origin: originOf(call.caller),
  }
  await refuseImport(call, replacement)
  const warnings = [...guarded.warnings, ...importWarnings(incoming)]
  const context = { incoming, warnings, closed: guarded.closed, keptBefore: readKept(keptBefore) }
  if (call.dryRun) return dryRunAnswer(control.previewReplacement(replacement), context)
  if (incoming.invalidCount > 0) throw invalidImport(incoming, warnings)
  if (guarded.closed.length > 0) throw closingImport(guarded.closed)
  const outcome = await control.replaceAll(replacement)
  const { created, updated, removed } = outcome
  tellImported(call, { created: created.length, updated: updated.length, removed: removed.length })
  return jsonReply(200, doneAnswer(outcome, context))
}

async function hashPasswords({ services }: Call, incoming: Incoming): Promise<void> {
  const { control, hashPassword, passwordMatches } = services
  if (hashPassword === undefined) return
  await hashImported(incoming, {
    hash: hashPassword,
    stored: (definition, id) => control.get(definition, id)?.view() ?? null,
    ...(passwordMatches !== undefined && { matches: passwordMatches }),
  })
}

function wayInOf({ services, caller }: Call, incoming: Incoming): WayIn {
  const { control, adminRoute, closedBy } = services
  const { clientId } = caller
  const routeId = adminRoute?.routeId ?? ''
  const textOf = (definition: EntityDefinition, id: string) => control.get(definition, id)?.json ?? null
  return {
    routeId,
    route: adminRoute === undefined ? null : textOf(route, routeId),
    key: clientId === null ? null : { clientId, text: textOf(apikey, clientId) },
    asUser: caller.user !== null,
    plugins: () => services.plugins(),
    ...(closedBy !== undefined && { closedBy: text => closedBy(closingTexts(routeId, text, incoming)) }),
  }
}

/** The entities that decide whether the route of the admin API serves. */
function closingTexts(routeId: string, text: string, incoming: Incoming): readonly EntityWrite[] {
  const writes: EntityWrite[] = [{ kind: 'Route', id: routeId, json: text }]
  const settings = incoming.find(globalConfig, 'global')
  if (settings !== null) writes.push({ kind: 'GlobalConfig', id: 'global', json: settings })
  const parsed = readEntityText(route, text)
  const id = parsed.ok ? parsed.value.backend_ref : null
  const shared = id === null ? null : incoming.find(backend, id)
  if (id !== null && shared !== null) writes.push({ kind: 'Backend', id, json: shared })
  return writes
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
