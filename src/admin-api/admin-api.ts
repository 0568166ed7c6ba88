/**
 * The admin API as a handler for a private listener of the control plane. Requests come through the gateway's own route,
 * which has checked the API key; the token header proves it.
 *
 * Guarantees: without the token nothing is read or answered but 401; an answered write is durable and served; every
 * refusal is JSON with a reason code; nothing of a request is held beyond the limits. Not here: the check of API keys,
 * health and metrics (the data plane answers those).
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { ExchangeHandler, ServerExchange } from '../http/contract.ts'
import { definitionOf } from '../model/registry.ts'
import { ApiError, notBuilt, notFound } from './api-error.ts'
import { type Call, callOf } from './call.ts'
import { notAllowedHere } from './caller.ts'
import { flowsApi } from './flows-api.ts'
import { genericApi } from './generic-api.ts'
import { historyApi } from './history-api.ts'
import { instanceEndpoints } from './instance-api.ts'
import { legacyApi } from './legacy-api.ts'
import { notBuiltFeature } from './not-built.ts'
import { refusalOf } from './refusal.ts'
import { type Reply, sendReply } from './reply.ts'
import type { AdminApiServices } from './services.ts'

/** The handler. It never throws and answers every request. */
export function adminApi(services: AdminApiServices): ExchangeHandler {
  const header = services.token.header.toLowerCase()
  const wanted = digest(services.token.value)
  const failed = (error: unknown, exchange: ServerExchange) => {
    refusalOf(error, { services, method: exchange.method, path: exchange.target })
    exchange.abort()
  }
  return exchange => {
    const given = exchange.headers.get(header)
    const known = given !== undefined && timingSafeEqual(digest(given), wanted)
    const answering = known ? answer(exchange, services) : Promise.resolve(refused(unauthorized(exchange)))
    answering.then(reply => sendReply(exchange, reply)).catch(error => failed(error, exchange))
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

async function answer(exchange: ServerExchange, services: AdminApiServices): Promise<Reply> {
  try {
    const call = callOf(exchange, services)
    if (call.caller.rights.isNothing) throw notAllowedHere()
    refuseWhenReadOnly(call)
    return await route(call)
  } catch (error) {
    return refused(refusalOf(error, { services, method: exchange.method, path: exchange.target }))
  }
}

function route(call: Call): Promise<Reply> {
  const path = `/${call.segments.join('/')}`
  const endpoint = instanceEndpoints.get(`${call.method} ${path}`)
  if (endpoint !== undefined) return endpoint(call)
  if (call.segments[0] === 'api' && call.segments[1] === 'flows') return flowsApi(call)
  if (call.segments[0] === 'api' && call.segments[1] === 'history') return historyApi(call)
  const found =
    call.segments[0] === 'apis' ? genericApi(call) : call.segments[0] === 'api' ? legacyApi(call) : null
  if (found !== null) return found
  const feature = notBuiltFeature(call.segments)
  throw feature === null ? notFound() : notBuilt(feature)
}

function refuseWhenReadOnly(call: Call): void {
  if (call.method === 'GET' || call.path === '/api/explain') return
  const settings = definitionOf('GlobalConfig')
  if (settings?.singleton === undefined) return
  const stored = call.services.control.get(settings, settings.singleton)
  // The text is looked at first: parsing the whole configuration at every write would cost more than most writes.
  if (stored?.json.includes('"apiReadOnly":true') && stored.view()['apiReadOnly'] === true)
    throw new ApiError(401, 'admin.read_only', notAuthorized(call.exchange), 'the API is read only')
}

function unauthorized(exchange: ServerExchange): ApiError {
  return new ApiError(
    401,
    'admin.unauthorized',
    notAuthorized(exchange),
    'the call does not come through the gateway',
  )
}

function notAuthorized(exchange: ServerExchange): string {
  return `You're not authorized - ${exchange.method} ${exchange.target}`
}

function refused(error: ApiError): Reply {
  return {
    status: error.status,
    headers: [['Otoroshi-Error-Reason', error.reason]],
    type: 'application/json',
    body: JSON.stringify(error.body()),
  }
}
