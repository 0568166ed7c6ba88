/** Last look at a request before it is written: whatever built it, nothing in it may end up as a second request. */
import type { DispatchRequest } from './contract.ts'
import { UNKNOWN_LENGTH } from './contract.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Visible characters; which of them a URI may hold is the receiver's business. */
const TARGET = /^(?:\/[\x21-\x7e\x80-\xff]*|\*)$/
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/

/** What is wrong with the request, or null. */
export function faultOf(request: DispatchRequest): string | null {
  if (!TOKEN.test(request.method)) return 'the method is not valid'
  // The answer to CONNECT is a tunnel, which no exchange can carry.
  if (request.method === 'CONNECT') return 'CONNECT is not dispatched'
  if (!TARGET.test(request.path)) return 'the request target is not valid'
  if (
    request.bodyLength !== UNKNOWN_LENGTH &&
    !(Number.isSafeInteger(request.bodyLength) && request.bodyLength >= 0)
  )
    return 'the length of the body is not valid'
  if (request.upgrade !== null && !PROTOCOL.test(request.upgrade))
    return 'the protocol to upgrade to is not valid'
  return null
}
