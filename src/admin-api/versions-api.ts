/**
 * `/apis/…/:id/_versions`: the versions of one entity, whether it is still there or not.
 *
 * `GET` lists them, `GET /:n` shows one, `GET /:n/_diff?to=` compares two, `POST /:n/_restore` brings one back.
 */
import type { ChangeRecord } from '../control/history/change-record.ts'
import type { History, VersionStates } from '../control/history/history.ts'
import type { States } from '../control/history/states.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, badRequest, methodNotAllowed, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { bringBack, findStored } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'
import { describeChange, describeStates, diffStates, jsonOf, maySee } from './version-view.ts'
import { written } from './written-reply.ts'

/** Versions of a page, and the most of them. */
const usualPage = 50
export const mostOfPage = 500

/** What the operations on the versions of an entity work with. */
interface Place {
  readonly call: Call
  readonly history: History
  readonly definition: EntityDefinition
  readonly id: string
  readonly place: string
  /** The entity as it is now. */
  readonly current: ReturnType<typeof findStored>
}

/** Answers a call about the versions of an entity; `rest` is the path behind `_versions`. */
export async function versionsApi(
  call: Call,
  definition: EntityDefinition,
  id: string,
  rest: readonly string[],
): Promise<Reply> {
  const place = placeOf(call, definition, id)
  const [text, action] = rest
  if (text === undefined) {
    if (call.method !== 'GET') throw methodNotAllowed()
    return list(place)
  }
  const number = numberOf(text)
  if (action === '_restore') {
    if (call.method !== 'POST') throw methodNotAllowed()
    return restore(place, number)
  }
  if (action !== undefined && action !== '_diff') throw notFound()
  if (call.method !== 'GET') throw methodNotAllowed()
  if (action === '_diff') return compare(place, number)
  const { record, states } = await versionOf(place, number)
  return jsonReply(200, { ...describeChange(record), ...describeStates(definition, states) })
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
  const { call, history } = place
  const { before, size } = pageOf(call)
  const found: { number: number; outside: boolean }[] = []
  let newer: VersionStates | null = null
  let more = false
  for await (const states of history.statesOf(place.place, before === null ? undefined : before - 1)) {
    if (newer !== null && newer.before !== states.after) found.at(-1)!.outside = true
    newer = null
    if (found.length === size) {
      more = true
      break
    }
    if (!maySee(call, place.definition, states, place.current)) continue
    found.push({ number: states.number, outside: false })
    newer = states
  }
  if (found.length === 0 && (place.current === null || !mayShow(place))) throw notFound()
  const records = await Promise.all(found.map(({ number }) => history.record(number)))
  const versions = records.flatMap((record, i) =>
    record === null
      ? []
      : [{ ...describeChange(record), ...(found[i]!.outside && { changed_elsewhere_before: true }) }],
  )
  return jsonReply(200, versions, more ? [['X-Next-Before', String(found.at(-1)!.number)]] : [])
}

function mayShow({ call, definition, current }: Place): boolean {
  return maySee(call, definition, { before: null, after: null }, current)
}

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
  const at = { definition, id: record.id, scope: scopeOf(definition, states) }
  const result = await bringBack(call, at, { restored: number }, () => entity)
  return written(call, result.before === null ? 201 : 200, result)
}

/** The version of this entity with this number. Rejects with 404 when there is none the caller may see. */
async function versionOf(
  { call, history, definition, place, current }: Place,
  number: number,
): Promise<{ record: ChangeRecord; states: States }> {
  const record = await history.record(number)
  const ours = record !== null && (record.place === place || record.left === place)
  const states = ours ? await history.states(record) : null
  if (record === null || states === null || !maySee(call, definition, states, current))
    throw notFound('version not found')
  return { record, states }
}

/** The recorded text as an entity. Throws 400 when it is none, as what others wrote may be. */
export function entityOf(text: string): Record<string, unknown> {
  const entity = jsonOf(text)
  if (!isObject(entity)) throw badRequest('the recorded state is no entity', 'admin.invalid_entity')
  return entity
}

/** Where the entity of a kind with a scope (a team) is found. */
export function scopeOf({ scopeField }: EntityDefinition, { before, after }: States): string | undefined {
  if (scopeField === undefined) return undefined
  const entity = jsonOf(after ?? before)
  const scope = isObject(entity) ? entity[scopeField] : undefined
  return typeof scope === 'string' ? scope : undefined
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
