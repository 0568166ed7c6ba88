/** Arrival of a request as the protocol headers write it. */
import { dateFormat } from '../../expression/index.ts'
import type { Exchange } from '../../plugin/index.ts'

const write = dateFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZZ")

/** Requests of the same millisecond share the text. */
let at = Number.NaN
let written = ''

/** `2026-01-31T12:00:00.000+01:00`. */
export function requestTimestamp({ startedAt }: Exchange): string {
  if (startedAt !== at) {
    written = write(new Date(startedAt))
    at = startedAt
  }
  return written
}
