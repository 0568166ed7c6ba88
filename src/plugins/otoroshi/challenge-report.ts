/** What the event of a request tells of an answer that was refused: `extraInfos.stateRespInvalid`. */
import { type Claims, claimOf } from '../../identity/jwt/jws.ts'
import type { Exchange, PluginServices } from '../../plugin/index.ts'
import type { Answered, ChallengeFault } from './challenge-answer.ts'
import { type ChallengeSettings, isPlain } from './challenge-settings.ts'

export interface RefusedAnswer {
  readonly exchange: Exchange
  readonly answered: Answered
  readonly fault: ChallengeFault
  readonly config: ChallengeSettings
  readonly services: Pick<PluginServices, 'instance'>
}

/** Characters of a field of the backend that are told. */
const LONGEST = 4096

/** In upstream's shape. Missing texts are `--`, missing numbers -1. */
export function challengeReport(refused: RefusedAnswer): Readonly<Record<string, unknown>> {
  const { exchange, answered, fault, config, services } = refused
  const { request, response } = exchange
  const now = Date.now()
  return {
    reason: fault.reason,
    expected_token_issuer: services.instance.issuer,
    expected_token_challenge_version: isPlain(config) ? 'V1' : 'V2',
    expected_token_ttl_seconds: config.ttl,
    expected_token_state: answered.state,
    at: now,
    at_sec: Math.floor(now / 1000),
    leeway: config.state_resp_leeway,
    token: tokenOf(fault.claims ?? {}),
    request: {
      uri: request.target,
      method: request.method,
      query: Object.fromEntries(request.query),
      headers: Object.fromEntries(request.headers),
    },
    response: {
      status: response.status,
      raw_state_header: answered.field?.slice(0, LONGEST) ?? '--',
      headers: Object.fromEntries(response.headers),
    },
  }
}

function tokenOf(claims: Claims): Readonly<Record<string, unknown>> {
  const state = claimOf(claims, 'state-resp')
  return {
    extracted_state: typeof state === 'string' ? state : '--',
    iat: secondsOf(claims, 'iat'),
    exp: secondsOf(claims, 'exp'),
    nbf: secondsOf(claims, 'nbf'),
  }
}

function secondsOf(claims: Claims, name: string): number {
  const value = claimOf(claims, name)
  return typeof value === 'number' ? value : -1
}
