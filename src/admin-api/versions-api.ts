/**
 * `/apis/…/:id/_versions`: the versions of one entity, whether it is still there or not.
 *
 * `GET` lists them, `GET /:n` shows one, `GET /:n/_diff?to=` compares two, `POST /:n/_restore` brings one back.
 */
import type { ChangeRecord } from '../control/history/change-record.ts'
import type { History } from '../control/history/history.ts'
import type { States } from '../control/history/states.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, badRequest, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { bringBack, findStored } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'
import { describeChange, describeStates, diffStates, jsonOf, maySee, scopeIn } from './version-view.ts'
import { written } from './written-reply.ts'

/** Versions of a page, and the most of them. */
const usualPage = 50
export const mostOfPage = 500
/** Versions one call looks at. */
const mostLookedAt = 2_000

/** What the operations on the versions of an entity work with. */
interface Place {
  readonly call: Call
  readonly history: History
  readonly definition: EntityDefinition
  readonly id: string
  readonly place: string
  /** The entity as it is now. */
  readonly current: IndexedEntity | null
}

/** `GET …/:id/_versions`. */
export async function listVersions(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  return list(placeOf(call, definition, id))
}

/** `GET …/:id/_versions/:n`. */
export async function showVersion(
  call: Call,
  definition: EntityDefinition,
  id: string,
  version: string,
): Promise<Reply> {
  const { record, states } = await versionOf(placeOf(call, definition, id), numberOf(version))
  return jsonReply(200, { ...describeChange(record), ...describeStates(definition, states) })
}

/** `GET …/:id/_versions/:n/_diff`. */
export async function compareVersions(
  call: Call,
  definition: EntityDefinition,
  id: string,
  version: string,
): Promise<Reply> {
  return compare(placeOf(call, definition, id), numberOf(version))
}

/** `POST …/:id/_versions/:n/_restore`. */
export async function restoreVersion(
  call: Call,
  definition: EntityDefinition,
  id: string,
  version: string,
): Promise<Reply> {
  return restore(placeOf(call, definition, id), numberOf(version))
}

/** The history, or 404 when none is kept. */
export function historyOf(call: Call): History {
  const { history } = call.services.control
  if (history === null) throw notFound('no history is kept: see the setting otoroshi.history.enabled')
  return history
}

function placeOf(call: Call, definition: EntityDefinition, id: string): Place {
  const history = historyOf(call)
  const current = findStored(call, definition, id)
  const place =
    current === null ? history.placeOf(definition, id, call.caller.tenant) : history.placeAt(current.key)
  return { call, history, definition, id: current?.id ?? id, place, current }
}

async function list(place: Place): Promise<Reply> {
  const { call, history, definition, current } = place
  const { before, size } = pageOf(call)
  const readable = current !== null && maySee(call, definition, nothing, current)
  // Who may not read the entity as it is sees none of its versions.
  if (current !== null && !readable) throw notFound()
  const found: Record<string, unknown>[] = []
  let newer: ChangeRecord | null = null
  let last: ChangeRecord | null = null
  let looked = 0
  let more = false
  for await (const record of history.recordsOf(place.place, before === null ? undefined : before - 1)) {
    if (newer !== null && newer.digests.before !== record.digests.after)
      found.at(-1)!['changed_elsewhere_before'] = true
    newer = null
    if (found.length === size || looked++ === mostLookedAt) {
      more = true
      break
    }
    last = record
    if (!maySee(call, definition, record, null)) continue
    found.push(describeChange(record))
    newer = record
  }
  if (found.length === 0 && !readable) throw notFound()
  return jsonReply(200, found, more && last !== null ? [['X-Next-Before', String(last.number)]] : [])
}

const nothing = { owners: { before: null, after: null } } as const

async function compare(place: Place, number: number): Promise<Reply> {
  const { definition, current, call } = place
  const { states } = await versionOf(place, number)
  const to = call.query.get('to') ?? 'current'
  const other =
    to === 'current' ? (current?.json ?? null) : (await versionOf(place, numberOf(to))).states.after
  return jsonReply(200, {
    from: number,
    to: to === 'current' ? to : Number(to),
    diff: diffStates(definition, states.after, other),
  })
}

async function restore(place: Place, number: number): Promise<Reply> {
  const { call, definition } = place
  const { record, states } = await versionOf(place, number)
  if (states.after === null)
    throw badRequest('this version is the deletion of the entity: restore the one before, or undo it')
  const entity = entityOf(states.after)
  const at = { definition, id: record.id, scope: scopeIn(definition, record) }
  const result = await bringBack(call, at, { restored: number }, () => entity)
  return written(call, result.before === null ? 201 : 200, result)
}

/** The version of this entity with this number. Rejects with 404 when there is none the caller may see. */
async function versionOf(
  { call, history, definition, place, current }: Place,
  number: number,
): Promise<{ record: ChangeRecord; states: States }> {
  const record = await history.recordOf(place, number)
  // Rights come first: what the caller may not see is not read for him.
  const states =
    record !== null && maySee(call, definition, record, current) ? await history.states(record) : null
  if (record === null || states === null) throw notFound('version not found')
  return { record, states }
}

/** The recorded text as an entity. Throws 400 when it is none, as what others wrote may be. */
export function entityOf(text: string): Record<string, unknown> {
  const entity = jsonOf(text)
  if (!isObject(entity)) throw badRequest('the recorded state is no entity', 'admin.invalid_entity')
  return entity
}

/** Reads a number of a version. Throws 404 for what cannot be one. */
export function numberOf(text: string): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) throw notFound('version not found')
  return number
}

/** Which versions are asked for: `pageSize` of them, below the number `before`. Throws 400. */
export function pageOf(call: Call): { before: number | null; size: number } {
  const before = call.query.get('before')
  const size = call.query.get('pageSize') ?? String(usualPage)
  if (before !== null && !/^\d{1,15}$|^[1-8]\d{15}$/.test(before))
    throw new ApiError(400, 'admin.bad_request', 'bad_request', ['before: Expected the number of a version'])
  if (!/^[1-9]\d{0,8}$/.test(size))
    throw new ApiError(400, 'admin.bad_request', 'bad_request', ['pageSize: Expected a number from 1 on'])
  return { before: before === null ? null : Number(before), size: Math.min(Number(size), mostOfPage) }
}
