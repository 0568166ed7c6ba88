/** The claims that every token of the gateway for a backend has. */
import { randomUUID } from 'node:crypto'

/** Names that nothing else may take. */
export const REGISTERED: ReadonlySet<string> = new Set(['iss', 'sub', 'aud', 'exp', 'iat', 'nbr', 'jti'])

/** `ttl` in seconds. Upstream writes `nbr` where `nbf` is meant, and backends read it so. */
export function registeredClaims(
  issuer: string,
  subject: string,
  audience: string,
  ttl: number,
): Readonly<Record<string, unknown>> {
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer, sub: subject, aud: audience, exp: now + ttl, iat: now, nbr: now, jti: randomUUID() }
}
