/** Publishes public keys of certificates (RFC 7517, 5), for whoever verifies tokens of the gateway. */
import type { KeyObject } from 'node:crypto'
import { algorithm, fits } from '../../identity/jwt/algorithms.ts'
import { answerJson, definePlugin, type KeyPairSource } from '../../plugin/index.ts'
import { type KeySetSettings, keySetSettings } from './key-set-settings.ts'

const RSA = ['RS256', 'RS384', 'RS512']
const CURVES = ['ES256', 'ES384', 'ES512']

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OtoroshiJWKSEndpoint',
  name: 'Otoroshi JWKS endpoint',
  description:
    'Answers with the public keys of the named certificates, or of all whose public key is published.',
  family: 'otoroshi',
  categories: ['Otoroshi internals'],
  steps: ['CallBackend'],
  config: keySetSettings,
  setup(config, { keyPairs }) {
    return {
      backend({ request }) {
        if (request.method !== 'GET' && request.method !== 'HEAD')
          return answerJson(404, { error: 'resource not found !' })
        const ids = config.cert_ids.length > 0 ? config.cert_ids : (keyPairs.published?.() ?? [])
        return answerJson(200, { keys: ids.flatMap(id => entriesOf(id, keyPairs, config)) })
      },
    }
  },
})

function entriesOf(id: string, keyPairs: KeyPairSource, config: KeySetSettings): readonly object[] {
  const pair = keyPairs.find(id)
  // Nobody signs with a key whose private half is not here.
  if (pair === null || keyPairs.signingKey(id, pair.tenant) === null) return []
  const { publicKey } = pair
  const { asymmetricKeyType: type } = publicKey
  if (type !== 'rsa' && type !== 'ec') return []
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: id }
  if (!config.include_algorithms) return [jwk]
  return algorithmsFor(
    publicKey,
    type === 'rsa' ? or(config.rsa_algorithms, RSA) : or(config.es_algorithms, CURVES),
  ).map(alg => ({ ...jwk, alg }))
}

function or(named: readonly string[], usual: readonly string[]): readonly string[] {
  return named.length === 0 ? usual : named
}

function algorithmsFor(key: KeyObject, names: readonly string[]): readonly string[] {
  return names.filter(name => {
    const facts = algorithm(name)
    return facts !== null && fits(facts, key)
  })
}
