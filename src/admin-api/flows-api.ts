/**
 * Flow reports of past requests (`/api/flows`): of routes with `debug_flow`, and of single requests that name a try-it id, which
 * an administrator registers here. An id is good for one request within five minutes.
 */
import { ApiError, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { requireSuper } from './caller.ts'
import { jsonReply, type Reply } from './reply.ts'

/** Where reports are kept. */
export interface FlowReports {
  /** Latest first; of one route when given. */
  list(routeId: string | null): readonly unknown[]
  /** Report of a request by its id, or null. */
  get(requestId: string): unknown
  /** A new try-it id, or null when too many are waiting. */
  register(): string | null
  /** The report of a try-it id, once; null while it has not come, undefined for an unknown id. */
  take(tryIt: string): unknown
}

/** `GET /api/flows`. */
export async function listFlows(call: Call): Promise<Reply> {
  return jsonReply(200, reportsOf(call).list(call.query.get('route')))
}

/** `GET /api/flows/:id`. */
export async function getFlow(call: Call, requestId: string): Promise<Reply> {
  const report = reportsOf(call).get(requestId)
  if (report === null) throw notFound()
  return jsonReply(200, report)
}

/** `POST /api/flows/_try-it`. */
export async function registerTryIt(call: Call): Promise<Reply> {
  const registered = reportsOf(call).register()
  if (registered === null)
    throw new ApiError(
      429,
      'admin.bad_request',
      'too_many',
      'too many try-it ids are waiting for their request',
    )
  return jsonReply(201, { id: registered, header: 'Otoroshi-Try-It-Request-Id' })
}

/** `GET /api/flows/_try-it/:id`. */
export async function takeTryIt(call: Call, id: string): Promise<Reply> {
  const report = reportsOf(call).take(id)
  if (report === undefined) throw notFound()
  return report === null ? jsonReply(202, { status: 'waiting' }) : jsonReply(200, report)
}

function reportsOf({ caller, services }: Call): FlowReports {
  requireSuper(caller)
  if (services.flows === undefined) throw notFound()
  return services.flows
}
