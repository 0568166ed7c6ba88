/** Arrival of a request as the protocol headers write it. */
import { dateFormat } from '../../expression/index.ts'
import type { Exchange } from '../../plugin/index.ts'

const write = dateFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZZ")

/** `2026-01-31T12:00:00.000+01:00`. */
export function requestTimestamp(exchange: Exchange): string {
  return write(new Date(exchange.startedAt))
}
