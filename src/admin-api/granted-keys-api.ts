/**
 * API keys by what they are granted on: `…/services/:id/apikeys`, `…/routes/:id/apikeys`, `…/groups/:id/apikeys` and
 * `…/apis/:id/apikeys` (reference, 5.3). The keys are those that may call it: granted on itself or, for services and routes, on
 * one of its groups. Rights are those on the keys.
 */
import type { IndexedEntity } from '../control/indexed-entity.ts'
import { Turns } from '../control/turns.ts'
import { type ApikeyView, type GrantKind, viewApikey } from '../identity/apikey.ts'
import { bearerOf } from '../identity/proofs.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { randomToken } from '../model/ids.ts'
import { type Apikey, apikey as kind } from '../model/kinds/apikey.ts'
import { definitionOf } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { badRequest, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { readContent } from './decode.ts'
import { mayRead } from './entity-rights.ts'
import { findStored } from './entity-writes.ts'
import { compact, createFrom, getLegacy, patchLegacy, removeLegacy, replaceLegacy } from './legacy-api.ts'
import { viewOf } from './entity-view.ts'
import { listQuery, project } from './list-query.ts'
import { renderList } from './rendering.ts'
import { jsonReply, type Reply } from './reply.ts'
import { templateOf } from './templates.ts'

/** What keys may be granted on, as paths name it. */
export type Granting = 'services' | 'routes' | 'groups' | 'apis'

const keys = kind as EntityDefinition
type Grant = readonly [kind: GrantKind, id: string]

const kindsOf: Readonly<Record<Granting, readonly string[]>> = {
  // Routes were services, and are still asked for as such.
  services: ['ServiceDescriptor', 'Route'],
  routes: ['Route'],
  groups: ['ServiceGroup'],
  apis: ['Api'],
}
const grantKinds = { services: 'service', routes: 'route', groups: 'group', apis: 'api' } as const

/** `GET …/apikeys`. */
export async function listGranted(call: Call, granting: Granting, id: string): Promise<Reply> {
  const granted = grantedBy(grantsOf(call, granting, id))
  const query = listQuery(call.query)
  const found: IndexedEntity[] = []
  const turns = new Turns(5)
  for (const entity of call.services.control.list(keys)) {
    await turns.pause()
    if (!granted(entity) || !mayRead(call.caller, keys, entity)) continue
    if (query.accepts === null || query.accepts(viewOf(entity))) found.push(entity)
  }
  const start = query.pageSize === Number.POSITIVE_INFINITY ? 0 : (query.page - 1) * query.pageSize
  const shown = found.slice(start, start + query.pageSize).map(entity => {
    const view = viewOf(entity)
    return query.fields === null ? view : project(view, query.fields)
  })
  return renderList(compact(call), shown, keys, [['X-Count', String(found.length)]])
}

/** `POST …/apikeys`: the key is granted on it, whatever else it says. Id and secret are made when they are missing. */
export async function createGranted(call: Call, granting: Granting, id: string): Promise<Reply> {
  grantsOf(call, granting, id)
  const content = await readContent(call)
  const sent = content.form === 'patch' ? content.apply(templateOf(call, keys)) : content.value
  if (!isObject(sent)) throw badRequest(['Expected an object for Apikey'], 'admin.invalid_entity')
  const others = Array.isArray(sent['authorizations']) ? sent['authorizations'] : []
  const value = {
    ...sent,
    clientId: sent['clientId'] ?? randomToken(16),
    clientSecret: sent['clientSecret'] ?? randomToken(64),
    authorizations: [...others, { kind: grantKinds[granting], id }],
  }
  return createFrom(call, keys, { form: 'value', value })
}

/** `GET …/apikeys/:clientId`. */
export async function getGranted(call: Call, granting: Granting, id: string, key: string): Promise<Reply> {
  return getLegacy(call, keys, grantedKey(call, granting, id, key))
}

/** `PUT …/apikeys/:clientId`. */
export async function replaceGranted(
  call: Call,
  granting: Granting,
  id: string,
  key: string,
): Promise<Reply> {
  return replaceLegacy(call, keys, grantedKey(call, granting, id, key))
}

/** `PATCH …/apikeys/:clientId`. */
export async function patchGranted(call: Call, granting: Granting, id: string, key: string): Promise<Reply> {
  return patchLegacy(call, keys, grantedKey(call, granting, id, key))
}

/** `DELETE …/apikeys/:clientId`. */
export async function removeGranted(call: Call, granting: Granting, id: string, key: string): Promise<Reply> {
  return removeLegacy(call, keys, grantedKey(call, granting, id, key))
}

/** `GET /api/apikeys/:clientId/bearer`: what stands for id and secret in one text. */
export async function bearersOf(call: Call, clientId: string): Promise<Reply> {
  const entity = findStored(call, keys, clientId)
  const key = entity === null || !mayRead(call.caller, keys, entity) ? null : keyIn(entity)
  if (key === null) throw notFound(`ApiKey with clientId '${clientId.slice(0, 200)}' not found`)
  const preview = call.query.get('newSecret')
  return jsonReply(200, {
    bearer: bearerOf(clientId, key.clientSecret),
    ...(key.nextSecret !== null && { bearer_next: bearerOf(clientId, key.nextSecret) }),
    ...(preview !== null && preview !== '' && { bearer_new: bearerOf(clientId, preview) }),
  })
}

/** Id of a key that is granted; throws 404 for any other. */
export function grantedKey(call: Call, granting: Granting, id: string, key: string): string {
  const granted = grantedBy(grantsOf(call, granting, id))
  const entity = findStored(call, keys, key)
  if (entity === null || !granted(entity)) throw notFound('entity not found')
  return key
}

/** Grants that let a key call it; throws 404 when it is not there or the caller may not see it. */
function grantsOf(call: Call, granting: Granting, id: string): readonly Grant[] {
  for (const name of kindsOf[granting]) {
    const definition = definitionOf(name)
    const entity = definition === null ? null : findStored(call, definition, id)
    if (definition === null || entity === null || !mayRead(call.caller, definition, entity)) continue
    return granting === 'groups' || granting === 'apis'
      ? [[grantKinds[granting], id]]
      : grantsOfRoute(id, entity.view())
  }
  throw notFound('entity not found')
}

function grantsOfRoute(id: string, { groups, metadata }: Record<string, unknown>): readonly Grant[] {
  const api = isObject(metadata) ? metadata['Otoroshi-Api-Ref'] : undefined
  return [
    ['service', id],
    ['route', id],
    ['api', id],
    ...(typeof api === 'string' && api !== '' ? [['api', api] as const] : []),
    ...(Array.isArray(groups) ? groups.map(group => ['group', String(group)] as const) : []),
  ]
}

/** Most keys are told by their text that they are not granted: only the others are read. */
function grantedBy(grants: readonly Grant[]): (entity: IndexedEntity) => boolean {
  const texts = grants.map(([, id]) => JSON.stringify(id).slice(1, -1))
  return entity => {
    if (!texts.some(text => entity.json.includes(text))) return false
    const key = keyIn(entity)
    return key !== null && grants.some(([granted, id]) => key.grantedOn(granted, id))
  }
}

function keyIn(entity: IndexedEntity): ApikeyView | null {
  const read = entity.read()
  return read.ok ? viewApikey(read.value as Apikey) : null
}
