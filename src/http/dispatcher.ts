/** The dispatcher that fits an origin: HTTP/1.1 connections, or HTTP/2 sessions. */
import { Http2Pool } from './http2-pool.ts'
import type { Origin, PoolLimits } from './origin.ts'
import { type Dispatcher, Http1Pool } from './pool.ts'

export function createDispatcher(origin: Origin, limits: PoolLimits): Dispatcher {
  return origin.protocol === 20 ? new Http2Pool(origin, limits) : new Http1Pool(origin, limits)
}
