/** The gateway gives out tokens for API keys, tells what a token is worth and publishes the keys that sign. */
import { readToken } from '../../identity/credential.ts'
import { timeFault } from '../../identity/jwt/times.ts'
import {
  type Body,
  BodyTooLarge,
  type ClientRequest,
  definePlugin,
  type FullAnswer,
  type PluginServices,
  schema as v,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { flag, setting, text } from '../settings.ts'
import {
  answerTokenRequest,
  badRequest,
  bodyTooLong,
  denied,
  json,
  LONGEST_BODY,
  oauthError,
  readParameters,
} from './client-credentials.ts'
import { algorithmOf } from './key-tokens.ts'
import { signedFor } from './token-rules.ts'

const PATHS = '/.well-known/otoroshi/oauth/'
/** Seconds that the clocks of issuer and gateway may differ. */
const LEEWAY = 10

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgClientCredentials',
  name: 'Client Credential Service',
  description:
    'Answers below /.well-known/otoroshi/oauth/ where no route does: `token` gives a JWT for the id and secret of an API key (OAuth 2, grant client_credentials), `token/introspect` tells the key of a token, `jwks.json` holds the public keys. Stands in the plugins of the global configuration.',
  family: 'apikeys',
  categories: ['AccessControl'],
  steps: ['Sink'],
  config: v.looseObject({
    expiration: setting(
      v.pipe(v.number(), v.minValue(1000)),
      3_600_000,
      'How long a token lives, milliseconds',
    ),
    default_key_pair: setting(
      text,
      'otoroshi-jwt-signing',
      'Key pair that signs for keys which name none; where there is none the secret of the key signs',
    ),
    defaultKeyPair: v.pipe(
      v.nullish(text),
      v.description('Older name of `default_key_pair`, which it precedes'),
    ),
    domain: setting(text, '*', 'Domain it answers for; `*` for all'),
    secure: setting(flag, true, 'Answers over HTTPS only'),
    biscuit: setting(v.nullable(v.looseObject({})), null, 'Not used: biscuits are not made'),
  }),
  setup(config, services) {
    const { apikeys, keyPairs } = services
    const usualPair = config.defaultKeyPair ?? config.default_key_pair
    const domain = config.domain.trim().toLowerCase()
    const rules = {
      find: (clientId: string) => apikeys.find(clientId),
      allows: () => true,
      pairs: keyPairs,
      usualPair,
      expiration: config.expiration,
      choosesAudience: false,
      capitals: true,
    }
    return {
      sink(request, body) {
        const { path, method } = request
        if (!path.startsWith(PATHS) || (domain !== '*' && domain !== request.domain)) return undefined
        if (config.secure && request.protocol !== 'https')
          return oauthError(400, 'oauth.insecure', 'bad_request', {
            error_description: 'use a secure channel',
          })
        switch (`${method} ${path.slice(PATHS.length)}`) {
          case 'GET jwks.json':
            return json({ keys: publicKeys(services, usualPair) })
          case 'POST token':
            return withBody(body, content => {
              const { headers, protocol, host } = request
              return answerTokenRequest(rules, { headers, protocol, host, body: content, now: Date.now() })
            })
          case 'POST token/introspect':
            return withBody(body, content => introspect(services, request, content))
          default:
            return bareError(404, 'not_found', {
              error: 'not_found',
              error_description: 'resource not found',
            })
        }
      },
    }
  },
})

async function withBody(body: Body, answerTo: (content: Buffer) => FullAnswer): Promise<FullAnswer> {
  try {
    return answerTo(await body.read(LONGEST_BODY))
  } catch (error) {
    if (error instanceof BodyTooLarge) return bodyTooLong()
    throw error
  }
}

/** Whoever shows a token learns what it stands for (RFC 7662, with Otoroshi's fields). */
function introspect({ apikeys, keyPairs }: PluginServices, request: ClientRequest, body: Buffer): FullAnswer {
  const parameters = readParameters(request.headers, body)
  if (parameters === 'repeated') return badRequest('a parameter is there twice')
  const credential = parameters === null ? null : readToken(parameters.get('token') ?? '')
  if (credential?.form !== 'token') return denied('Unauthorized')
  const key = apikeys.find(credential.clientId)
  const now = Date.now()
  if (key === null || !key.usableAt(now) || !signedFor(credential.token, key, keyPairs))
    return denied('Unauthorized')
  if (timeFault(credential.token.claims, now / 1000, LEEWAY) !== null) return denied('Unauthorized')
  return json({ active: true, access_type: 'apikey', ...key.light() })
}

/** A public key as RFC 7517 has it. */
type PublicKey = Readonly<Record<string, unknown>>

function publicKeys({ keyPairs }: PluginServices, usualPair: string): readonly PublicKey[] {
  const ids = new Set([...(keyPairs.published?.() ?? []), usualPair])
  const keys: PublicKey[] = []
  for (const id of ids) {
    const pair = keyPairs.find(id)
    const alg = pair === null ? null : algorithmOf(pair.publicKey)
    if (pair === null || alg === null) continue
    keys.push({ ...pair.publicKey.export({ format: 'jwk' }), kid: id, alg, use: 'sig' })
  }
  return keys
}
