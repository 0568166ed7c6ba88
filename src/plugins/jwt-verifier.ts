/**
 * A stored JWT verifier at work: finds the token of a request, judges it, and says what the backend gets.
 *
 * Guarantees: no claim is believed before the signature is verified; nothing is changed by judging, `inject` does that; a token
 * that stands twice in its place is refused; what cannot be signed anew is refused, never passed on as it came.
 */
import { randomUUID } from 'node:crypto'
import type { ExpressionToken } from '../expression/index.ts'
import { claimHolds, claimIs, mapClaims, plain } from '../identity/jwt/claims.ts'
import type { Claims, Jws } from '../identity/jwt/jws.ts'
import { signToken } from '../identity/jwt/signing.ts'
import type { TokenKeys } from '../identity/jwt/token-keys.ts'
import type { Verification } from '../identity/jwt/verified-tokens.ts'
import {
  apikeyAttribute,
  type BackendRequest,
  type Exchange,
  expressionValuesAttribute,
  type JwtVerifier,
  type PluginServices,
  type Refusal,
  refuse,
  userAttribute,
} from '../plugin/index.ts'
import { jsonTemplate, type TokenTimes } from './json-template.ts'
import { type TokenPlace, tokenPlace } from './token-place.ts'

export interface Passed {
  readonly ok: true
  /** The verified token, or null when there was none and none is needed. */
  readonly input: ExpressionToken | null
  /** The token that goes to the backend, or null. */
  readonly output: ExpressionToken | null
  /** Makes the request to the backend carry it; null: it is as it should be. */
  readonly inject: ((upstream: BackendRequest) => void) | null
}

export type Judgement = Passed | { readonly ok: false; readonly refusal: Refusal }

export interface VerifierAtWork {
  readonly place: TokenPlace
  judge(exchange: Exchange): Judgement | Promise<Judgement>
  /** A token with these claims, signed with the keys of the verifier; null when they cannot sign. */
  sign(claims: Claims): string | null
}

export type VerifierServices = Pick<PluginServices, 'jwt' | 'template'>

/** Seconds that a token made here lives unless the settings say otherwise. */
const LIFE = 60

const atWork = new WeakMap<JwtVerifier, VerifierAtWork>()

/** The verifier of this id, ready to judge. Null when there is none. Throws when its places have impossible names. */
export function findVerifier(id: string, services: VerifierServices): VerifierAtWork | null {
  const entity = services.jwt.verifier(id)
  if (entity === null) return null
  let verifier = atWork.get(entity)
  if (verifier === undefined) {
    verifier = putToWork(entity, services)
    atWork.set(entity, verifier)
  }
  return verifier
}

function putToWork(entity: JwtVerifier, services: VerifierServices): VerifierAtWork {
  const { strategy, source, strict, algoSettings } = entity
  const { tenant } = entity._loc
  const place = tokenPlace(source)
  const keys = services.jwt.keys(algoSettings, tenant)
  const fulfils = fieldRules(entity, services)
  const pass = passing(entity, services, place, keys)
  const makeDefault =
    strategy.type === 'DefaultToken' ? defaultToken(strategy.token, services, place, keys) : null
  const verified = (exchange: Exchange, raw: string, verification: Verification): Judgement => {
    if (!verification.ok) return unverified(verification)
    const { token } = verification
    return withClaims(exchange, token.claims, () => {
      const fault = fulfils(exchange, token)
      return fault === null ? pass(exchange, raw, token) : refused('jwt.bad', fault)
    })
  }
  return {
    place,
    judge(exchange) {
      const [raw, second] = place.read(exchange.request)
      if (raw === undefined) {
        if (makeDefault !== null) return makeDefault(exchange)
        return strict ? refused('jwt.missing') : { ok: true, input: null, output: null, inject: null }
      }
      if (second !== undefined) return refused('jwt.bad', 'the token stands there more than once')
      if (strategy.type === 'DefaultToken' && strategy.strict) return refused('jwt.present')
      const verification = services.jwt.verified.verify(raw, keys, exchange.startedAt)
      return verification instanceof Promise
        ? verification.then(done => verified(exchange, raw, done))
        : verified(exchange, raw, verification)
    },
    sign(claims) {
      const key = keys.signing()
      return key === null ? null : signToken(key, claims)
    },
  }
}

function refused(
  reason: 'jwt.bad' | 'jwt.missing' | 'jwt.present' | 'jwt.no_key' | 'jwt.cannot_sign',
  detail?: string,
): Judgement {
  return { ok: false, refusal: refuse(reason, { detail: detail ?? null }) }
}

/** The refusal of a token that did not pass. */
export function unverified({
  fault,
  keyless,
}: Extract<Verification, { ok: false }>): Judgement & { ok: false } {
  return { ok: false, refusal: refuse(keyless ? 'jwt.no_key' : 'jwt.bad', { detail: fault }) }
}

/** What the fields of a token must be; answers the fault, or null. */
function fieldRules(
  { strategy: { verificationSettings } }: JwtVerifier,
  { template }: VerifierServices,
): (exchange: Exchange, token: Jws) => string | null {
  const compiled = (map: Readonly<Record<string, string>>) =>
    Object.entries(map).map(([name, value]) => ({ name, value: template(value) }))
  const fields = compiled(verificationSettings.fields)
  const lists = compiled(verificationSettings.arrayFields)
  return (exchange, { claims }) => {
    for (const { name, value } of fields)
      if (!claimIs(claims, name, value(exchange))) return `the claim ${JSON.stringify(name)} is another one`
    for (const { name, value } of lists)
      if (!claimHolds(claims, name, value(exchange))) return `the claim ${JSON.stringify(name)} lacks a value`
    return null
  }
}

type Pass = (exchange: Exchange, raw: string, token: Jws) => Judgement

/** What becomes of a token that is good. */
function passing(
  { strategy, _loc }: JwtVerifier,
  services: VerifierServices,
  place: TokenPlace,
  own: TokenKeys,
): Pass {
  if (strategy.type === 'PassThrough' || strategy.type === 'DefaultToken')
    return (_exchange, raw, { claims }) => {
      const token = { raw, claims }
      return { ok: true, input: token, output: token, inject: null }
    }
  const keys =
    strategy.algoSettings === undefined ? own : services.jwt.keys(strategy.algoSettings, _loc.tenant)
  if (strategy.type === 'Sign')
    return (_exchange, raw, { claims }) => signedAnew(keys, raw, claims, claims, place, place)
  const { location, mappingSettings } = strategy.transformSettings
  const { map, values, remove } = mappingSettings as {
    map: Record<string, string>
    values: Record<string, unknown>
    remove: string[]
  }
  const made = jsonTemplate(values, services.template)
  const target = tokenPlace(location)
  return (exchange, raw, { claims }) => {
    const more = made(exchange, tokenTimes(exchange)) as Record<string, unknown>
    return signedAnew(keys, raw, claims, mapClaims(claims, map, more, remove), place, target)
  }
}

function signedAnew(
  keys: TokenKeys,
  raw: string,
  before: Claims,
  claims: Claims,
  from: TokenPlace,
  to: TokenPlace,
): Judgement {
  const key = keys.signing()
  if (key === null) return refused('jwt.cannot_sign')
  const signed = signToken(key, claims)
  return {
    ok: true,
    input: { raw, claims: before },
    output: { raw: signed, claims },
    inject(upstream) {
      from.wipe(upstream)
      to.write(upstream, signed)
    },
  }
}

/** The token of calls that bring none. */
function defaultToken(
  written: unknown,
  { template }: VerifierServices,
  place: TokenPlace,
  keys: TokenKeys,
): (exchange: Exchange) => Judgement {
  const made = jsonTemplate(written, template)
  return exchange => {
    const claims = withClaims(exchange, {}, () => made(exchange, tokenTimes(exchange))) as Claims
    const key = keys.signing()
    if (key === null) return refused('jwt.cannot_sign')
    const raw = signToken(key, claims)
    return { ok: true, input: null, output: { raw, claims }, inject: upstream => place.write(upstream, raw) }
  }
}

export function tokenTimes({ startedAt }: Exchange): TokenTimes {
  const now = Math.floor(startedAt / 1000)
  return { iat: now, nbf: now, exp: now + LIFE }
}

/** Claims that a token made here has unless the settings say otherwise; expressions may name them. */
export function usualClaims(exchange: Exchange): Claims {
  const { attributes } = exchange
  const user = attributes.get(userAttribute)
  const key = attributes.get(apikeyAttribute)
  return {
    jti: randomUUID(),
    ...tokenTimes(exchange),
    iss: 'Otoroshi',
    sub: key?.clientName ?? user?.email ?? 'anonymous',
    aud: 'backend',
  }
}

/** Runs `work` while expressions may name these claims (`token.x`), and what they would be in a token made here. */
export function withClaims<T>(exchange: Exchange, claims: Claims, work: () => T): T {
  const { attributes } = exchange
  const before = attributes.get(expressionValuesAttribute)
  let usual: Claims | null = null
  attributes.set(expressionValuesAttribute, key => {
    if (Object.hasOwn(claims, key)) return plain(claims[key]) ?? JSON.stringify(claims[key])
    const earlier = before?.(key)
    if (earlier !== undefined) return earlier
    usual ??= usualClaims(exchange)
    return Object.hasOwn(usual, key) ? plain(usual[key]) : undefined
  })
  try {
    return work()
  } finally {
    if (before === undefined) attributes.delete(expressionValuesAttribute)
    else attributes.set(expressionValuesAttribute, before)
  }
}
