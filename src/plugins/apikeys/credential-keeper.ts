/**
 * What the backend sees of credentials.
 *
 * Guarantees when they are wiped: no place holds a credential that names a key of the route any more, be it the one the call was
 * let in with or another. What only looks like one (basic credentials of the backend's own users, tokens of an identity
 * provider) stays.
 */
import type { AttributeKey, HeaderNameKey, Phase } from '../../plugin/index.ts'
import type { Credential } from '../../identity/credential.ts'
import type { ApikeyCallSettings } from './apikey-call-settings.ts'
import { type Found, pairNames, type Spot } from './credentials.ts'
import type { KeyOfRoute } from './route-keys.ts'

type Names = Readonly<Record<HeaderNameKey, string>>

/** `used`: where `access` leaves the credential that let the call in. */
export function credentialKeeper(
  config: ApikeyCallSettings,
  spots: readonly Spot[],
  find: (clientId: string) => KeyOfRoute | null,
  used: AttributeKey<Found>,
  names: Names,
): Phase {
  const pair = pairNames(config.extractors, names)
  if (!config.wipe_backend_request) return giveBack(pair, names)
  const ownPair = pair[0] !== names.clientId || pair[1] !== names.clientSecret
  const isOurs = ({ form, clientId }: Credential): boolean => form === 'bearer' || find(clientId) !== null
  return ({ request, upstream, attributes }) => {
    const found = attributes.get(used)
    for (const spot of spots) {
      if (spot === found?.spot || spot.findAll(request).some(isOurs)) spot.place.wipe(upstream)
    }
    // Headers with names of one's own hold nothing but a key, even when only one of the two is there.
    if (ownPair) for (const name of pair) upstream.headers.delete(name)
  }
}

/** The gateway takes its own two headers away from every request; this puts them back. */
function giveBack(pair: readonly [string, string], names: Names): Phase {
  const usual = [names.clientId, names.clientSecret]
  const own = pair.some((name, i) => name !== usual[i])
  return ({ request, upstream }) => {
    if (own) return
    for (const name of usual) {
      const value = request.headers.get(name.toLowerCase())
      if (value !== undefined) upstream.headers.set(name, value)
    }
  }
}
