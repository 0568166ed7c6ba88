/**
 * `/api/history`: the last changes of the instance. `GET` lists them, `GET /:n` shows one, `POST /:n/_undo` takes one back.
 *
 * Guarantees: changes of entities the caller may not read are neither listed nor counted; one call looks at a bounded
 * number of changes and says where the next one goes on.
 */
import type { ChangeRecord } from '../control/history/change-record.ts'
import { numbersPerMillisecond } from '../control/history/history-keys.ts'
import type { Version } from '../control/history/history.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { definitionOf, findByName } from '../model/registry.ts'
import { ApiError, badRequest, methodNotAllowed, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { bringBack } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'
import { describeChange, describeStates, maySee } from './version-view.ts'
import { entityOf, historyOf, numberOf, pageOf, scopeOf } from './versions-api.ts'
import { written } from './written-reply.ts'

/** Changes one call looks at; fewer where each entity has to be read to know who may see it. */
const mostLookedAt = { plain: 20_000, judged: 2_000 }
/** A number may be ahead of its time, when many changes came at once or the clock was set back. */
const drift = 60_000

type Accepts = (record: ChangeRecord) => boolean

/** Answers a call under `/api/history`. */
export async function historyApi(call: Call): Promise<Reply> {
  const [, , text, action] = call.segments
  if (call.segments.length > 4) throw notFound()
  if (text === undefined) {
    if (call.method !== 'GET') throw methodNotAllowed()
    return list(call)
  }
  const number = numberOf(text)
  if (action === '_undo') {
    if (call.method !== 'POST') throw methodNotAllowed()
    return undo(call, number)
  }
  if (action !== undefined) throw notFound()
  if (call.method !== 'GET') throw methodNotAllowed()
  const { version, definition } = await changeOf(call, number)
  return jsonReply(200, { ...describeChange(version.record), ...describeStates(definition, version) })
}

async function list(call: Call): Promise<Reply> {
  const history = historyOf(call)
  const { before, size } = pageOf(call)
  const { accepts, since, until } = filterOf(call)
  const latest = Math.min(
    before === null ? Number.MAX_SAFE_INTEGER : before - 1,
    until === null ? Number.MAX_SAFE_INTEGER : (until + drift) * numbersPerMillisecond,
  )
  const found: Record<string, unknown>[] = []
  const most = call.caller.rights.isSuper ? mostLookedAt.plain : mostLookedAt.judged
  let looked = 0
  let last: number | null = null
  let more = false
  for await (const record of history.records(latest)) {
    if (since !== null && record.number < since * numbersPerMillisecond) break
    if (found.length === size || looked === most) {
      more = true
      break
    }
    looked++
    last = record.number
    if (accepts(record) && (await maySeeRecord(call, record))) found.push(describeChange(record))
  }
  return jsonReply(200, found, more && last !== null ? [['X-Next-Before', String(last)]] : [])
}

async function maySeeRecord(call: Call, record: ChangeRecord): Promise<boolean> {
  if (call.caller.rights.isSuper) return true
  const definition = definitionOf(record.kind)
  const states = await historyOf(call).states(record)
  return (
    definition !== null &&
    states !== null &&
    maySee(call, definition, states, currentOf(call, { record, ...states }, definition))
  )
}

/** What the query asks for. Throws 400. */
function filterOf(call: Call): { accepts: Accepts; since: number | null; until: number | null } {
  const text = (name: string) => call.query.get(name) || null
  const named = text('kind')
  const kind = named === null ? null : (findByName(named)?.kind ?? named)
  const [id, action, client, user, actor] = ['id', 'action', 'client_id', 'user', 'actor'].map(text)
  const [since, until] = [timeOf(text('since'), 'since'), timeOf(text('until'), 'until')]
  const accepts: Accepts = record => {
    const users = [record.user?.name, record.user?.email]
    return (
      (kind === null || record.kind === kind) &&
      (id === null || record.id === id) &&
      (action === null || record.action === action) &&
      (client === null || record.clientId === client) &&
      (user === null || users.includes(user)) &&
      (actor === null || [record.clientId, ...users].includes(actor)) &&
      (since === null || record.at >= since) &&
      (until === null || record.at <= until)
    )
  }
  return { accepts, since, until }
}

/** Epoch milliseconds, or a date as ISO 8601 writes it. */
function timeOf(text: string | null, name: string): number | null {
  if (text === null) return null
  const time = /^\d{1,13}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d/.test(text)
      ? Date.parse(text)
      : Number.NaN
  if (!(time >= 0 && time < 8e12)) throw badRequest([`${name}: Expected a date or epoch milliseconds`])
  return time
}

async function undo(call: Call, number: number): Promise<Reply> {
  const { version, definition } = await changeOf(call, number)
  const { record, before, after } = version
  const scope = scopeOf(definition, version)
  const force = call.query.get('force') === 'true'
  const entity = before === null ? null : entityOf(before)
  // The global configuration is always there.
  if (entity === null && !definition.access.delete) throw methodNotAllowed()
  const latest = await latestOf(call, record)
  const result = await bringBack(call, { definition, id: record.id, scope }, { undone: number }, current => {
    // What was done since would be lost.
    if (!force && (current?.json ?? null) !== after) throw changedSince(record, latest)
    return entity
  })
  if (result.before === null && result.after === null) return jsonReply(200, { changed: false })
  return written(call, result.before === null ? 201 : 200, result)
}

async function latestOf(call: Call, { place }: ChangeRecord): Promise<number | null> {
  for await (const { number } of historyOf(call).statesOf(place)) return number
  return null
}

function changedSince({ number, kind, id }: ChangeRecord, latest: number | null): ApiError {
  const how =
    latest === null || latest === number ? 'by somebody who leaves no versions' : `last in version ${latest}`
  return new ApiError(
    409,
    'admin.changed_since',
    'conflict',
    `${kind} ${id} has been changed since version ${number}, ${how}: undo that first, or give force=true`,
    { version: number, latest },
  )
}

/** A change the caller may see. Rejects with 404 when there is none. */
async function changeOf(
  call: Call,
  number: number,
): Promise<{ version: Version; definition: EntityDefinition }> {
  const version = await historyOf(call).version(number)
  const definition = version === null ? null : definitionOf(version.record.kind)
  if (
    version === null ||
    definition === null ||
    !maySee(call, definition, version, currentOf(call, version, definition))
  )
    throw notFound('version not found')
  return { version, definition }
}

function currentOf(call: Call, version: Version, definition: EntityDefinition) {
  return call.services.control.get(definition, version.record.id, scopeOf(definition, version))
}
