/**
 * The admin API as a handler for a private listener of the control plane. Requests come through the gateway's own route,
 * which has checked the API key; the token header proves it.
 *
 * Guarantees: without the token nothing is read or answered but 401; an answered write is durable and served; every
 * refusal is JSON with a reason code; nothing of a request is held beyond the limits. Not here: the check of API keys,
 * health and metrics (the data plane answers those).
 */
import type { ExchangeHandler, ServerExchange } from '../http/contract.ts'
import { carriesToken } from '../identity/proofs.ts'
import type { AdminSession } from '../model/kinds/admin-session.ts'
import { definitionOf } from '../model/registry.ts'
import { ApiError } from './api-error.ts'
import { type Call, type CalledAs, callOf } from './call.ts'
import { administratorAs, notAllowedHere } from './caller.ts'
import { answerCall } from './endpoints/table.ts'
import { refusalOf } from './refusal.ts'
import { type Reply, sendReply } from './reply.ts'
import type { AdminApiServices } from './services.ts'

/** The handler. It never throws and answers every request. */
export function adminApi(services: AdminApiServices): ExchangeHandler {
  const failed = (error: unknown, exchange: ServerExchange) => {
    refusalOf(error, { services, method: exchange.method, path: exchange.target })
    exchange.abort()
  }
  return exchange => {
    const known = carriesToken(exchange.headers, services.token)
    const answering = known ? answer(exchange, services) : Promise.resolve(refused(unauthorized(exchange)))
    answering.then(reply => sendReply(exchange, reply)).catch(error => failed(error, exchange))
  }
}

/**
 * Answers calls for administrators who are logged in, with their rights. Whoever hands an exchange over has seen their session,
 * and that a page of the gateway itself makes the call. `target`: path and query of the admin API.
 */
export function adminApiFor(
  services: AdminApiServices,
): (exchange: ServerExchange, target: string, admin: AdminSession, from: string) => void {
  return (exchange, target, admin, from) => {
    const caller = administratorAs(exchange.headers, admin, from)
    answer(exchange, services, { target, caller })
      .then(reply => sendReply(exchange, reply))
      .catch(error => {
        refusalOf(error, { services, method: exchange.method, path: target })
        exchange.abort()
      })
  }
}

async function answer(exchange: ServerExchange, services: AdminApiServices, as?: CalledAs): Promise<Reply> {
  try {
    const call = callOf(exchange, services, as)
    if (call.caller.rights.isNothing) throw notAllowedHere()
    refuseWhenReadOnly(call)
    return await answerCall(call)
  } catch (error) {
    return refused(refusalOf(error, { services, method: exchange.method, path: exchange.target }))
  }
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
    headers: [['Otoroshi-Error-Reason', error.reason], ...error.headers],
    type: 'application/json',
    body: JSON.stringify(error.body()),
  }
}
