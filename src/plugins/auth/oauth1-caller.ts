/** Signs requests to the backend as OAuth 1.0 wants it (RFC 5849). */
import { randomBytes } from 'node:crypto'
import {
  apikeyAttribute,
  definePlugin,
  type Exchange,
  type PluginServices,
  schema as v,
  type Template,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { setting, text } from '../settings.ts'
import {
  baseUri,
  type Oauth1Method,
  oauth1Hashes,
  oauth1Signature,
  oauthEncoded,
  type Parameter,
  parametersOf,
  signatureBase,
} from './oauth1-signature.ts'

/** Longest form that is read to be signed, bytes (RFC 5849, 3.4.1.3.1). */
const LONGEST_FORM = 1_048_576

const algo = v.pipe(
  text,
  v.check(
    value => methodOf(value) !== null,
    'Invalid value: Expected HMAC-SHA1, HMAC-SHA256, HMAC-SHA384, HMAC-SHA512 or TEXTPLAIN',
  ),
)

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OAuth1Caller',
  name: 'OAuth1 caller',
  description:
    'Signs requests to the backend with OAuth 1.0. Metadata of the API key of the request (oauth_consumer_key, oauth_consumer_secret, oauth_token, oauth_token_secret) count before the settings. Put it behind plugins that change the request.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: v.looseObject({
    consumerKey: setting(text, null, 'Key of the client; may hold expressions'),
    consumerSecret: setting(text, null, 'Secret of the client; may hold expressions'),
    token: setting(text, null, 'Token; may hold expressions'),
    tokenSecret: setting(text, null, 'Secret of the token; may hold expressions'),
    algo: setting(
      algo,
      null,
      'HMAC-SHA1, HMAC-SHA256, HMAC-SHA384, HMAC-SHA512 or TEXTPLAIN; HMAC-SHA512 unless set',
    ),
  }),
  setup(config, services) {
    const method = methodOf(config.algo ?? '') ?? 'HMAC-SHA512'
    const consumerKey = credential('oauth_consumer_key', config.consumerKey, services)
    const consumerSecret = credential('oauth_consumer_secret', config.consumerSecret, services)
    const token = credential('oauth_token', config.token, services)
    const tokenSecret = credential('oauth_token_secret', config.tokenSecret, services)
    return {
      async request(exchange) {
        const [key, secret, tokenKey, tokenKeySecret] = [
          consumerKey(exchange),
          consumerSecret(exchange),
          token(exchange),
          tokenSecret(exchange),
        ]
        if (key === '' || secret === '' || tokenKey === '' || tokenKeySecret === '')
          return bareError(400, 'caller.bad_config', { error: 'Bad parameters' })
        const oauth: Parameter[] = [
          ['oauth_consumer_key', key],
          ['oauth_token', tokenKey],
          ['oauth_signature_method', method],
          ['oauth_timestamp', String(Math.floor(Date.now() / 1000))],
          ['oauth_nonce', randomBytes(16).toString('hex')],
        ]
        const base = method === 'PLAINTEXT' ? '' : await baseOf(exchange, oauth)
        const signature = oauth1Signature(method, base, secret, tokenKeySecret)
        const fields = [...oauth, ['oauth_signature', signature] as const]
        const written = fields.map(([name, value]) => `${name}="${oauthEncoded(value)}"`).join(',')
        exchange.upstream.headers.set('Authorization', `OAuth ${written}`)
        return undefined
      },
    }
  },
})

function methodOf(given: string): Oauth1Method | null {
  const name = given.trim().toUpperCase()
  if (name === '') return 'HMAC-SHA512'
  if (name === 'TEXTPLAIN' || name === 'PLAINTEXT') return 'PLAINTEXT'
  return Object.hasOwn(oauth1Hashes, name) ? (name as Oauth1Method) : null
}

/** From the metadata of the key, else from the settings; empty when neither has it. */
function credential(metadata: string, given: string | null, services: PluginServices): Template {
  const fromSettings = given === null ? null : services.template(given)
  return exchange => {
    const known = exchange.attributes.get(apikeyAttribute)?.metadata
    if (known !== undefined && Object.hasOwn(known, metadata)) return known[metadata]!
    return fromSettings === null ? '' : fromSettings(exchange)
  }
}

async function baseOf(exchange: Exchange, oauth: readonly Parameter[]): Promise<string> {
  const { upstream, target } = exchange
  const question = upstream.path.indexOf('?')
  const path = question < 0 ? upstream.path : upstream.path.slice(0, question)
  const query = question < 0 ? '' : upstream.path.slice(question + 1)
  const scheme = target?.tls === true ? 'https' : 'http'
  const uri = baseUri(scheme, upstream.headers.get('host') ?? target?.hostname ?? '', path)
  const type = upstream.headers.get('content-type') ?? ''
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)
  const form = isForm ? (await upstream.body.read(LONGEST_FORM)).toString('utf8') : ''
  return signatureBase(upstream.method, uri, [...oauth, ...parametersOf(query), ...parametersOf(form)])
}
