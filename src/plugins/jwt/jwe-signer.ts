/** The backend gets an encrypted token made here. */
import { randomUUID } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import { definePlugin } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { tokenPlace } from '../token-place.ts'
import { algorithmsOf, jweSettings } from './jwe-settings.ts'

/** Seconds a token lives. */
const LIFE = 30
const unusable = bareError(400, 'jwt.not_configured', { error: 'invalid configuration' })

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JweSigner',
  name: 'JWE signer',
  description:
    'Adds an encrypted token (RFC 7516) to the request for the backend, encrypted with the public RSA key of a certificate.',
  family: 'jwt',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: jweSettings,
  setup(config, services) {
    const { alg, enc } = algorithmsOf(config)
    const { source, certId } = config
    const place = tokenPlace(source.type === 'InHeader' ? { ...source, remove: 'Bearer ' } : source)
    const more = Object.entries(config.payload ?? config.metadata).map(
      ([name, value]) => [name, services.template(value)] as const,
    )
    return {
      async request(exchange) {
        const pair = certId === null ? null : services.keyPairs.find(certId)
        if (pair?.publicKey.asymmetricKeyType !== 'rsa') return unusable
        const now = Math.floor(exchange.startedAt / 1000)
        const claims = {
          iss: 'Otoroshi',
          sub: 'Otoroshi',
          aud: exchange.route.name,
          exp: now + LIFE,
          nbf: now,
          jti: randomUUID(),
          ...Object.fromEntries(more.map(([name, value]) => [name, value(exchange)])),
        }
        const token = await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
          .setProtectedHeader({ alg, enc, cty: 'JWT', kid: certId! })
          .encrypt(pair.publicKey)
        place.write(exchange.upstream, token)
        return undefined
      },
    }
  },
})
