/** Auth modules of type `oauth2` as clients that ask for tokens of their own (RFC 6749, 4.4). */
import { endpointFault, oauthModule } from '../../identity/oauth-module.ts'
import { type FullAnswer, type PluginServices, tenantOf } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import type { Asking } from './token-caller.ts'

/** Milliseconds an authorization server may take unless the module says otherwise. */
const PATIENCE = 10_000

/** Asks as the module is now; without one, or with one of another type, the request is answered. */
export function moduleClient(
  ref: string | null,
  json: boolean,
  services: PluginServices,
): () => Asking | FullAnswer {
  return () => {
    const view = ref === null ? null : services.logins.module(ref)
    const module = view === null ? null : oauthModule(view)
    if (view === null || module === null) return unusable('auth. module not found or not an OAuth2 module')
    // Its tokens would go to whatever backend the route has.
    if (view.tenant !== tenantOf(services.route))
      return unusable('auth. module belongs to another organization')
    const { tokenUrl: url, clientId, scope, mtlsConfig: tls, proxy, callTimeout: timeout = PATIENCE } = module
    const way = module.clientAuthentication ?? 'client_secret_post'
    if (way === 'private_key_jwt') return unusable('the auth. module has no secret to ask with')
    const clientSecret = way === 'none' ? '' : module.clientSecret.trim()
    const fault = endpointFault(module, url)
    if (fault !== null) return unusable(fault)
    const nothing = { audience: '', resource: '', user: '', password: '' }
    return {
      client: { kind: 'client_credentials', url, clientId, clientSecret, scope, ...nothing },
      settings: { method: 'POST', json, timeout, tls, proxy, basic: way === 'client_secret_basic' },
      key: JSON.stringify([url, clientId, clientSecret, scope]),
    }
  }
}

function unusable(error: string): FullAnswer {
  return bareError(400, 'caller.bad_config', { error })
}
