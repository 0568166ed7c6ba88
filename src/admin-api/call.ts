/** One call of the admin API, with its target taken apart. */
import type { ServerExchange } from '../http/contract.ts'
import type { HeaderBlock } from '../http/headers.ts'
import { badRequest } from './api-error.ts'
import { type Caller, callerOf } from './caller.ts'
import { type AdminApiLimits, type AdminApiServices, defaultAdminApiLimits } from './services.ts'

export interface Call {
  readonly exchange: ServerExchange
  readonly services: AdminApiServices
  readonly limits: AdminApiLimits
  /** Upper case; HEAD counts as GET. */
  readonly method: string
  readonly path: string
  /** Decoded parts of the path: `/api/routes/a%2Fb` gives `api`, `routes`, `a/b`. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
  readonly headers: HeaderBlock
  readonly caller: Caller
  /** True when nothing is to be written. */
  readonly dryRun: boolean
}

/** Who calls, and what, when the head of the request does not say so. */
export interface CalledAs {
  readonly target: string
  readonly caller: Caller
}

/** Reads the head of a request. Throws 400 when its path cannot be decoded. */
export function callOf(exchange: ServerExchange, services: AdminApiServices, as?: CalledAs): Call {
  const target = as?.target ?? exchange.target
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
  return {
    exchange,
    services,
    limits: { ...defaultAdminApiLimits, ...services.limits },
    method: exchange.method === 'HEAD' ? 'GET' : exchange.method,
    path,
    segments: segmentsOf(path),
    query,
    headers: exchange.headers,
    caller: as?.caller ?? callerOf(exchange.headers, services, exchange.connection.remoteAddress),
    dryRun: isTrue(query.get('dry_run')),
  }
}

function segmentsOf(path: string): string[] {
  const parts = path.split('/').slice(1)
  if (parts.at(-1) === '') parts.pop()
  try {
    return parts.map(decodeURIComponent)
  } catch {
    throw badRequest('the path is not valid percent-encoding')
  }
}

/** Reads a flag of the query. */
export function isTrue(value: string | null): boolean {
  return value === 'true' || value === ''
}
