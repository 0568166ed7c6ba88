/** The question that a backend is asked with each request: what goes into which field. */
import { registeredClaims } from '../../identity/registered-claims.ts'
import type { PluginServices } from '../../plugin/index.ts'
import { type ChallengeSettings, isPlain } from './challenge-settings.ts'
import { nameOr } from './field-names.ts'
import { newState } from './state.ts'
import { tokenSigning } from './token-signing.ts'

export interface Challenge {
  readonly state: string
  readonly value: string
}

export interface ChallengeMaker {
  /** Field of the question. */
  readonly name: string
  /** Null: there is no key to sign with. */
  make(): Challenge | null
}

/** Throws when the settings can never sign. */
export function challengeMaker(
  settings: ChallengeSettings,
  services: Pick<PluginServices, 'jwt' | 'route' | 'headerNames' | 'instance'>,
): ChallengeMaker {
  const { route, headerNames, instance } = services
  const name = nameOr(settings.request_header_name, headerNames.state)
  if (isPlain(settings)) {
    const make = (): Challenge => {
      const state = newState()
      return { state, value: state }
    }
    return { name, make }
  }
  const sign = tokenSigning(settings.algo_to_backend, 'algo_to_backend', services)
  return {
    name,
    make() {
      const state = newState()
      // Upstream's subject is its name, whatever issuer is set.
      const claims = registeredClaims(instance.issuer, 'Otoroshi', route.name, settings.ttl)
      const value = sign({ ...claims, state })
      return value === null ? null : { state, value }
    },
  }
}
