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

/** Answers `/api/flows…`. */
export async function flowsApi(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  const { flows } = call.services
  const [, , first, second] = call.segments
  if (call.segments.length > 4 || flows === undefined) throw notFound()
  if (first === '_try-it') return tryIt(call, flows, second)
  if (call.method !== 'GET') throw wrongMethod()
  if (first === undefined) return jsonReply(200, flows.list(call.query.get('route')))
  const report = second === undefined ? flows.get(first) : null
  if (report === null) throw notFound()
  return jsonReply(200, report)
}

function tryIt(call: Call, flows: FlowReports, id: string | undefined): Reply {
  if (id === undefined) {
    if (call.method !== 'POST') throw wrongMethod()
    const registered = flows.register()
    if (registered === null)
      throw new ApiError(
        429,
        'admin.bad_request',
        'too_many',
        'too many try-it ids are waiting for their request',
      )
    return jsonReply(201, { id: registered, header: 'Otoroshi-Try-It-Request-Id' })
  }
  if (call.method !== 'GET') throw wrongMethod()
  const report = flows.take(id)
  if (report === undefined) throw notFound()
  return report === null ? jsonReply(202, { status: 'waiting' }) : jsonReply(200, report)
}

function wrongMethod(): ApiError {
  return new ApiError(
    405,
    'admin.method_not_allowed',
    'method_not_allowed',
    'the path does not take this method',
  )
}
