/** Whether a backend has answered the challenge, and if not, why. */
import { type Claims, claimOf, type Jws, readJws } from '../../identity/jwt/jws.ts'
import { signedWith } from '../../identity/jwt/signature.ts'
import { lifespan, timeFault } from '../../identity/jwt/times.ts'
import type { TokenKeys } from '../../identity/jwt/token-keys.ts'
import { sameSecret } from '../../identity/proofs.ts'

/** The challenge and what the backend sent. */
export interface Answered {
  readonly state: string
  /** Value of the answer's field, or undefined. */
  readonly field: string | undefined
}

/** What tokens must be like. Seconds. */
export interface TokenTerms {
  readonly keys: TokenKeys
  readonly audience: string
  readonly ttl: number
  readonly leeway: number
}

export interface ChallengeFault {
  /** Upstream's words. */
  readonly reason: string
  /** The claims that were read, believed or not; null when there is no token. */
  readonly claims: Claims | null
}

/** What of a value of the backend is told. */
const SHOWN = 200

/** Version 1: the state comes back as it is. Null when it does. */
export function plainFault({ state, field }: Answered): ChallengeFault | null {
  if (field === undefined) return missing
  if (sameSecret(field, state)) return null
  const reason = `V1 - state from response does not match request one (${state} != ${field.slice(0, SHOWN)})`
  return { reason, claims: null }
}

/** Version 2: the state comes back inside of a token. Null when it does; a promise only while keys are fetched. */
export function tokenFault(
  answered: Answered,
  terms: TokenTerms,
): ChallengeFault | null | Promise<ChallengeFault | null> {
  const { field } = answered
  if (field === undefined) return missing
  const jws = readJws(field)
  if (jws === null) return undecodable('it is no token', null)
  if (!terms.keys.accepts(jws.alg)) return undecodable('it is not signed as agreed', jws.claims)
  const key = terms.keys.verifying(jws)
  if (key instanceof Promise) return key.then(fetched => judged(answered, terms, jws, fetched))
  return judged(answered, terms, jws, key)
}

function judged(
  { state }: Answered,
  { audience, ttl, leeway }: TokenTerms,
  jws: Jws,
  key: Parameters<typeof signedWith>[1] | null,
): ChallengeFault | null {
  const { claims } = jws
  if (key === null) return { reason: 'V2 - bad challenge algorithm', claims }
  if (!signedWith(jws, key)) return undecodable('the signature is wrong', claims)
  if (!isFor(claims, audience)) return undecodable(`it is not for ${audience}`, claims)
  const answer = claimOf(claims, 'state-resp')
  if (typeof answer !== 'string' || !sameSecret(answer, state))
    return undecodable('it does not hold the state that was sent', claims)
  const late = timeFault(claims, Math.floor(Date.now() / 1000), leeway)
  if (late !== null) return undecodable(late, claims)
  const life = lifespan(claims)
  if (life === null) return { reason: 'V2 - exp / iat is empty', claims }
  if (life > ttl)
    return { reason: `V2 - response token ttl too big - ${life} seconds (more than ${ttl})`, claims }
  return null
}

function isFor(claims: Claims, audience: string): boolean {
  const named = claimOf(claims, 'aud')
  return named === audience || (Array.isArray(named) && named.includes(audience))
}

const missing: ChallengeFault = { reason: 'no state in response header', claims: null }

function undecodable(what: string, claims: Claims | null): ChallengeFault {
  return { reason: `V2 - error while decoding token - ${what}`, claims }
}
