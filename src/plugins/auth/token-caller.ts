/** What plugins share that get an access token and show it to the backend (RFC 6749, RFC 6750). */
import {
  attribute,
  type Exchange,
  type FullAnswer,
  type PluginInstance,
  type PluginServices,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { credentialWriter } from './credential-format.ts'
import { type FetchedToken, KeptTokens } from './kept-tokens.ts'
import { NoToken, readToken, type TokenCallSettings, tokenCall, type TokenClient } from './token-request.ts'

/** Who asks for the token of a request, how, and a text that tells clients apart. */
export interface Asking {
  readonly client: TokenClient
  readonly settings: TokenCallSettings
  readonly key: string
}

export interface TokenCallerSettings {
  readonly headerName: string
  readonly headerValueFormat: string
  readonly cacheTokenSeconds: number
}

interface Used {
  readonly key: string
  readonly access: string
}

const used = attribute<Used>('oauth2-token')

/** `who` may answer in place of asking. Throws when the settings cannot be used. */
export function tokenCaller(
  config: TokenCallerSettings,
  who: (exchange: Exchange) => Asking | FullAnswer,
  services: PluginServices,
): PluginInstance {
  const write = credentialWriter(config.headerName, config.headerValueFormat)
  const tokens = new KeptTokens()
  return {
    request(exchange) {
      const asking = who(exchange)
      if (!('client' in asking)) return asking
      const { key } = asking
      const give = (token: FetchedToken): undefined => {
        exchange.attributes.set(used, { key, access: token.access })
        write(exchange.upstream, token.access)
      }
      const token = tokens.get(key, refresh => fetched(asking, refresh, config.cacheTokenSeconds, services))
      return token instanceof Promise ? token.then(give, error => refused(error, services)) : give(token)
    },
    response({ attributes, response }) {
      if (response.status !== 401) return
      const token = attributes.get(used)
      if (token !== undefined) tokens.refused(token.key, token.access)
    },
  }
}

async function fetched(
  { client, settings }: Asking,
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
