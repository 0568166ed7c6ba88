/**
 * Sizes of a request that the settings `otoroshi.requests` bound, on top of what the parser takes. Only what the parser lets
 * through anyway is looked at: limits that are not below its own cost nothing.
 */
import type { HttpLimits } from '../http/index.ts'
import { type Refusal, refuse } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'

/** Bytes. */
export interface RequestSizes {
  /** The whole URL, scheme and host included. */
  readonly maxUrl: number
  /** The value of one cookie. */
  readonly maxCookie: number
  readonly maxHeaderName: number
  readonly maxHeaderValue: number
}

/** Refuses a request that is too big. `target` is the request target as it came, before its path was normalized. */
export type SizeCheck = (request: ClientRequest, target: string) => Refusal | null

/** The longest scheme with `://`. */
const SCHEME = 8
/** The longest host with port that the parser takes. */
const AUTHORITY = 260

/** The check for these sizes behind a parser with these limits; null when none of them can be exceeded. */
export function sizeCheck(sizes: RequestSizes | null, parser: HttpLimits): SizeCheck | null {
  if (sizes === null) return null
  const { maxUrl, maxCookie, maxHeaderName, maxHeaderValue } = sizes
  const urls = maxUrl < parser.maxTarget + AUTHORITY + SCHEME
  const cookies = maxCookie < parser.maxHeaderValue
  const headers = maxHeaderName < parser.maxHeaderName || maxHeaderValue < parser.maxHeaderValue
  if (!urls && !cookies && !headers) return null
  return (request, target) => {
    if (target.length + request.host.length + SCHEME > maxUrl && urlLength(request, target) > maxUrl)
      return tooBig('URL should be smaller')
    if (cookies && hasLongCookie(request, maxCookie)) return tooBig('Cookies should be smaller')
    if (headers && request.headers.exceeds(maxHeaderName, maxHeaderValue))
      return tooBig('Headers should be smaller')
    return null
  }
}

function tooBig(message: string): Refusal {
  return refuse('request_too_large', { message })
}

function urlLength(request: ClientRequest, target: string): number {
  return request.protocol.length + '://'.length + request.host.length + target.length
}

/** Every cookie counts: of two with one name a backend may read the other. */
function hasLongCookie(request: ClientRequest, max: number): boolean {
  for (const field of request.headers.getAll('cookie')) {
    if (field.length <= max) continue
    for (const pair of field.split(';')) {
      const value = pair.slice(pair.indexOf('=') + 1).trim()
      if (value.length > max) return true
    }
  }
  return false
}
