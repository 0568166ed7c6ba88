/**
 * `/api/history`: the last changes of the instance. `GET` lists them, `GET /:n` shows one, `POST /:n/_undo` takes one back.
 *
 * Guarantees: changes of entities the caller may not read are neither listed nor counted; one call does a bounded amount of
 * work and says where the next one goes on.
 */
import type { ChangeRecord, LogRecord } from '../control/history/change-record.ts'
import { numbersPerMillisecond } from '../control/history/history-keys.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { definitionOf } from '../model/registry.ts'
import { ApiError, methodNotAllowed, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { bringBack } from './entity-writes.ts'
import { filterOf } from './history-filter.ts'
import { describeImport, undoImport } from './import-history.ts'
import { jsonReply, type Reply } from './reply.ts'
import { describeChange, describeStates, maySee, scopeIn } from './version-view.ts'
import { entityOf, historyOf, numberOf, pageOf } from './versions-api.ts'
import { written } from './written-reply.ts'

/** Work of one call: a record is one piece, an entity that is read to know who may see it more, by its size. */
const mostWork = 10_000
const workOf = ({ json }: IndexedEntity): number => 10 + json.length / 500
/** A number may be ahead of its time, when many changes came at once or the clock was set back. */
const drift = 60_000

/** `GET /api/history/:n`. */
export async function showChange(call: Call, version: string): Promise<Reply> {
  const change = await changeOf(call, numberOf(version))
  if (change.record.action === 'import') return describeImport(call, change.record)
  const { record, definition } = change as EntityVersion
  return show(call, record, definition)
}

/** `POST /api/history/:n/_undo`. */
export async function undoChange(call: Call, version: string): Promise<Reply> {
  const change = await changeOf(call, numberOf(version))
  if (change.record.action === 'import') return undoImport(call, change.record)
  const { record, definition } = change as EntityVersion
  return undo(call, record, definition)
}

async function show(call: Call, record: ChangeRecord, definition: EntityDefinition): Promise<Reply> {
  const states = await historyOf(call).states(record)
  if (states === null) throw notFound('version not found')
  return jsonReply(200, { ...describeChange(record), ...describeStates(definition, states) })
}

/** `GET /api/history`. */
export async function listChanges(call: Call): Promise<Reply> {
  const history = historyOf(call)
  const { before, size } = pageOf(call)
  const { accepts, since, until } = filterOf(call)
  const latest = Math.min(
    before === null ? Number.MAX_SAFE_INTEGER : before - 1,
    until === null ? Number.MAX_SAFE_INTEGER : (until + drift) * numbersPerMillisecond,
  )
  const sight = new Sight(call)
  const found: Record<string, unknown>[] = []
  let looked = 0
  let last: number | null = null
  let more = false
  for await (const record of history.records(latest)) {
    if (since !== null && record.number < since * numbersPerMillisecond) break
    if (found.length === size || looked + sight.work >= mostWork) {
      more = true
      break
    }
    looked++
    last = record.number
    if (accepts(record) && sight.allows(record)) found.push(describeChange(record))
  }
  return jsonReply(200, found, more && last !== null ? [['X-Next-Before', String(last)]] : [])
}

/** What one caller may see. Each entity is read once. */
class Sight {
  readonly #call: Call
  readonly #readable = new Map<string, boolean>()
  work = 0

  constructor(call: Call) {
    this.#call = call
  }

  allows(record: LogRecord): boolean {
    if (this.#call.caller.rights.isSuper) return true
    const definition = record.action === 'import' ? null : definitionOf(record.kind)
    if (record.action === 'import' || definition === null) return false
    return maySee(this.#call, definition, record, null) && this.#maySeeNow(record, definition)
  }

  #maySeeNow(record: ChangeRecord, definition: EntityDefinition): boolean {
    let readable = this.#readable.get(record.place)
    if (readable === undefined) {
      const current = currentOf(this.#call, record, definition)
      if (current !== null) this.work += workOf(current)
      readable = maySee(this.#call, definition, { owners: { before: null, after: null } }, current)
      this.#readable.set(record.place, readable)
    }
    return readable
  }
}

async function undo(call: Call, record: ChangeRecord, definition: EntityDefinition): Promise<Reply> {
  const states = await historyOf(call).states(record)
  if (states === null) throw notFound('version not found')
  const { before, after } = states
  const scope = scopeIn(definition, record)
  const force = call.query.get('force') === 'true'
  const entity = before === null ? null : entityOf(before)
  // The global configuration is always there.
  if (entity === null && !definition.access.delete) throw methodNotAllowed()
  const latest = await latestOf(call, record)
  const at = { definition, id: record.id, scope }
  const result = await bringBack(call, at, { undone: record.number }, current => {
    // What was done since would be lost.
    if (!force && (current?.json ?? null) !== after) throw changedSince(record, latest, current !== null)
    return entity
  })
  if (result.before === null && result.after === null) return jsonReply(200, { changed: false })
  return written(call, result.before === null ? 201 : 200, result)
}

async function latestOf(call: Call, { place }: ChangeRecord): Promise<number | null> {
  for await (const { number } of historyOf(call).recordsOf(place)) return number
  return null
}

function changedSince(
  { number, kind, id, action }: ChangeRecord,
  latest: number | null,
  there: boolean,
): ApiError {
  const how =
    latest === null || latest === number ? 'by somebody who leaves no versions' : `last in version ${latest}`
  const what =
    action === 'delete' && there
      ? `${kind} ${id} has been created anew since version ${number} deleted it`
      : `${kind} ${id} has been changed since version ${number}`
  return new ApiError(
    409,
    'admin.changed_since',
    'conflict',
    `${what}, ${how}: undo that first, or give force=true`,
    { version: number, latest },
  )
}

interface EntityVersion {
  readonly record: ChangeRecord
  readonly definition: EntityDefinition
}

/** A change the caller may see. Rejects with 404 when there is none. */
async function changeOf(
  call: Call,
  number: number,
): Promise<{ record: LogRecord; definition: EntityDefinition | null }> {
  const record = await historyOf(call).record(number)
  if (record?.action === 'import' && call.caller.rights.isSuper) return { record, definition: null }
  const definition = record === null || record.action === 'import' ? null : definitionOf(record.kind)
  if (
    record === null ||
    record.action === 'import' ||
    definition === null ||
    !maySee(call, definition, record, currentOf(call, record, definition))
  )
    throw notFound('version not found')
  return { record, definition }
}

function currentOf(call: Call, record: ChangeRecord, definition: EntityDefinition): IndexedEntity | null {
  return call.services.control.get(definition, record.id, scopeIn(definition, record))
}
