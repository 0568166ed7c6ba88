/**
 * `/api/cache`: what the instance keeps of the answers of backends, and taking it out.
 *
 * A purge holds for all threads of the instance that is asked when it is answered; others on the same store follow. Whoever may
 * write a route may purge its answers; those of all routes at once only a super admin.
 */
import { definitionOf } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { badRequest, notFound } from './api-error.ts'
import { tellPurged } from './audit.ts'
import type { Call } from './call.ts'
import { notAllowedHere, requireSuper } from './caller.ts'
import { readContent } from './decode.ts'
import { mayRead, mayWrite } from './entity-rights.ts'
import { findStored } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

/** The kept answers of this instance. */
export interface KeptAnswers {
  figures(): Readonly<Record<string, number>>
  /**
   * Takes answers out, of one route or of all; answers how many. Without URLs and tags: every one. Rejects with
   * `StoreUnavailable` when other instances cannot be told; those of this one are gone then, too.
   */
  purge(order: PurgeRequest): number | Promise<number>
}

export interface PurgeRequest {
  readonly route: string | null
  /** Host in lower case, then path and query. */
  readonly urls: readonly string[]
  readonly tags: readonly string[]
}

/** Most URLs and tags of one call. */
const MOST_NAMES = 1000
const NAMES = new Set(['route', 'urls', 'tags', 'all'])

/** `GET /api/cache`. */
export async function cacheFigures(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  return jsonReply(200, keptBy(call).figures())
}

/** `POST /api/cache/_purge`. */
export async function purgeCache(call: Call): Promise<Reply> {
  const kept = keptBy(call)
  const content = await readContent(call)
  if (content.form !== 'value' || !isObject(content.value)) throw badRequest('the body is a JSON object')
  const order = orderOf(content.value)
  checkRights(call, order.route)
  if (call.dryRun) return jsonReply(200, { purged: 0 })
  const purged = await kept.purge(order)
  tellPurged(call, order, purged)
  return jsonReply(200, { purged })
}

function keptBy({ services }: Call): KeptAnswers {
  if (services.keptAnswers === undefined)
    throw notFound('no answers are kept: see the setting otoroshi.responseCache.memory')
  return services.keptAnswers
}

function checkRights(call: Call, id: string | null): void {
  const { caller, services } = call
  if (id === null) {
    requireSuper(caller)
    return
  }
  const routes = definitionOf('Route')!
  const route = findStored(call, routes, id)
  // The answers of a route that is gone may still be there.
  if (route === null && caller.rights.isSuper) return
  if (route === null || !mayRead(caller, routes, route)) throw notFound('entity not found')
  if (!mayWrite(caller, routes, route, services)) throw notAllowedHere()
}

function orderOf(body: Readonly<Record<string, unknown>>): PurgeRequest {
  const unknown = Object.keys(body).find(name => !NAMES.has(name))
  // A misspelt limit would purge everything.
  if (unknown !== undefined) throw badRequest(`${unknown}: there is no such field`)
  const { route = null, all = false } = body
  if (route !== null && typeof route !== 'string') throw badRequest('route: expected the id of a route')
  if (typeof all !== 'boolean') throw badRequest('all: expected true or false')
  const urls = namesAt(body, 'urls').map(urlOf)
  const tags = namesAt(body, 'tags')
  const named = urls.length + tags.length > 0
  if (named === all) throw badRequest('give urls or tags, or all: true')
  return { route, urls, tags }
}

function namesAt(body: Readonly<Record<string, unknown>>, name: string): string[] {
  const list = body[name] ?? []
  if (!Array.isArray(list) || list.length > MOST_NAMES)
    throw badRequest(`${name}: expected a list of at most ${MOST_NAMES} texts`)
  const bad = list.findIndex(text => typeof text !== 'string' || text === '')
  if (bad >= 0) throw badRequest(`${name}.${bad}: expected a text`)
  return list as string[]
}

/** The URL as answers are known by. The scheme does not count. */
function urlOf(text: string, at: number): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw badRequest(`urls.${at}: expected a URL such as https://shop.example.com/cart?all`)
  const target = /^https?:\/\/[^/?#]*([^#]*)/i.exec(text)?.[1] ?? '/'
  return url.host + (target.startsWith('/') ? target : `/${target}`)
}
