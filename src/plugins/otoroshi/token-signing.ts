/** Tokens for backends, signed as the settings say. */
import { namesVault } from '../../expression/index.ts'
import { signToken } from '../../identity/jwt/signing.ts'
import type { TokenKeys } from '../../identity/jwt/token-keys.ts'
import type { AlgoSettings } from '../../plugin/algo-settings.ts'
import { type PluginServices, tenantOf } from '../../plugin/index.ts'

/** The token with these claims; null while there is no key to sign with. */
export type TokenSigning = (claims: Readonly<Record<string, unknown>>) => string | null

/** Keys that may be stored, or become valid, after the settings were written. */
const LATER: ReadonlySet<string> = new Set(['RSAKPAlgoSettings', 'ESKPAlgoSettings'])

/** Keys of some settings of a route; those of its organization count. */
export function keysOf(
  settings: AlgoSettings,
  { jwt, route }: Pick<PluginServices, 'jwt' | 'route'>,
): TokenKeys {
  return jwt.keys(settings, tenantOf(route))
}

/** Throws when these settings can never sign; `name`: that of the setting. */
export function tokenSigning(
  settings: AlgoSettings,
  name: string,
  services: Pick<PluginServices, 'jwt' | 'route'>,
): TokenSigning {
  if (Object.values(settings).some(value => typeof value === 'string' && namesVault(value)))
    throw new Error(`${name}: its key is in a vault, and this version knows no vaults`)
  const keys = keysOf(settings, services)
  if (!LATER.has(settings.type) && keys.signing() === null)
    throw new Error(`${name}: there is no key to sign with`)
  return claims => {
    const signing = keys.signing()
    return signing === null ? null : signToken(signing, claims)
  }
}
