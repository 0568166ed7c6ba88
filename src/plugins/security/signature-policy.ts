/** Which signatures are good enough, apart from being right (RFC 9421, 3.2 and 7). */
import { serializeItem } from 'structured-headers'
import { type Candidate, readComponents } from '../../message-signatures/index.ts'

export interface SignaturePolicy {
  readonly required: readonly string[]
  /** Seconds; null: any age. */
  readonly maxAge: number | null
  readonly skew: number
  readonly requireKeyid: boolean
  readonly requireNonce: boolean
}

/** Why a signature does not do at `now` (seconds since 1970); null when it does. */
export type PolicyFault = (candidate: Candidate, now: number) => string | null

/** Throws when a required component is none. */
export function signaturePolicy(policy: SignaturePolicy): PolicyFault {
  const required = readComponents(policy.required).map(({ name, parameters }) =>
    serializeItem([name, parameters]),
  )
  return ({ covered, parameters }, now) => {
    const names = new Set(covered[0].map(item => serializeItem(item)))
    const missing = required.find(identifier => !names.has(identifier))
    if (missing !== undefined) return `the component ${missing} is not signed`
    if (policy.requireKeyid && (parameters.keyid ?? '') === '') return 'the signature names no key'
    if (policy.requireNonce && (parameters.nonce ?? '') === '') return 'the signature has no nonce'
    return timeFault(parameters, policy, now)
  }
}

function timeFault(
  { created, expires }: Candidate['parameters'],
  { maxAge, skew }: SignaturePolicy,
  now: number,
): string | null {
  if (created !== null && created > now + skew) return 'the signature is from the future'
  if (expires !== null && expires + skew <= now) return 'the signature has expired'
  if (maxAge === null) return null
  if (created !== null) return created + maxAge + skew < now ? 'the signature is too old' : null
  // Without a beginning only an end that is near says that it is young.
  if (expires === null) return 'the signature does not say when it was made'
  return expires > now + maxAge + skew ? 'the signature is good for too long' : null
}
