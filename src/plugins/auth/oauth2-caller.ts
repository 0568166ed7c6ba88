/** Gets an access token and shows it to the backend (RFC 6749, RFC 6750). */
import { attribute, definePlugin, type FullAnswer, type PluginServices } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { credentialWriter } from './credential-format.ts'
import { type FetchedToken, KeptTokens } from './kept-tokens.ts'
import { clientOf, oauth2CallerSettings } from './oauth2-caller-settings.ts'
import { NoToken, readToken, type TokenCallSettings, tokenCall, type TokenClient } from './token-request.ts'

interface Used {
  readonly key: string
  readonly access: string
}

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OAuth2Caller',
  name: 'OAuth2 caller',
  description:
    'Gets an access token from an authorization server and sends it to the backend. Tokens are kept while they are good and renewed before they end; one the backend answers with 401 is renewed for the next request.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['TransformRequest'],
  config: oauth2CallerSettings,
  setup(config, services) {
    const write = credentialWriter(config.headerName, config.headerValueFormat)
    const who = clientOf(config, services)
    const settings: TokenCallSettings = {
      method: config.method.toUpperCase(),
      json: config.jsonPayload,
      timeout: config.timeout,
      tls: config.tlsConfig,
    }
    const tokens = new KeptTokens()
    const used = attribute<Used>('oauth2-token')
    return {
      request(exchange) {
        const { client, key } = who(exchange)
        const give = (token: FetchedToken): undefined => {
          exchange.attributes.set(used, { key, access: token.access })
          write(exchange.upstream, token.access)
        }
        const token = tokens.get(key, refresh =>
          fetched(client, settings, refresh, config.cacheTokenSeconds, services),
        )
        return token instanceof Promise ? token.then(give, error => refused(error, services)) : give(token)
      },
      response({ attributes, response }) {
        if (response.status !== 401) return
        const token = attributes.get(used)
        if (token !== undefined) tokens.refused(token.key, token.access)
      },
    }
  },
})

async function fetched(
  client: TokenClient,
  settings: TokenCallSettings,
  refresh: string | null,
  usual: number,
  services: PluginServices,
): Promise<FetchedToken> {
  return readToken(await services.calls.send(tokenCall(client, settings, refresh)), usual)
}

/** What the server says of the gateway's own credentials is no client's business, its error code apart. */
function refused(error: unknown, services: PluginServices): FullAnswer {
  const [status, code] = error instanceof NoToken ? [error.status, error.code] : [0, '']
  services.log('warn', `no access token: ${error instanceof Error ? error.message : String(error)}`)
  return bareError(401, 'caller.no_token', {
    error: 'unauthorized',
    error_description: code === '' ? 'no access token' : code,
    error_status: status,
  })
}
