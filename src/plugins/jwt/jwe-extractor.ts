/**
 * Decrypts the token of a call and gives its claims to the backend.
 *
 * Guarantees: what stands where the claims are put was decrypted here. A client that brings something else in that place, such as
 * claims in clear, does not get it through, whether the plugin is strict or not.
 */
import { compactDecrypt } from 'jose'
import { LONGEST_TOKEN } from '../../identity/jwt/jws.ts'
import { readObject } from '../../identity/jwt/unambiguous-json.ts'
import { definePlugin, type FullAnswer, tenantOf } from '../../plugin/index.ts'
import { asciiJson } from '../ascii-json.ts'
import { bareError } from '../bare-error.ts'
import { tokenPlace } from '../token-place.ts'
import { algorithmsOf, jweSettings } from './jwe-settings.ts'

const unusable = bareError(400, 'jwt.not_configured', { error: 'invalid configuration' })
const absent = bareError(400, 'jwe.bad', { error: 'something wrong happened' })
const invalid: FullAnswer = bareError(401, 'jwe.bad', { error: 'invalid token' })

/** The compact form of RFC 7516: nothing that could be taken for claims. */
const COMPACT = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}$/

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JweExtractor',
  name: 'JWE extractor',
  description:
    'Decrypts an encrypted token (RFC 7516) with the private RSA key of a certificate and gives its claims to the backend as JSON.',
  family: 'jwt',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: jweSettings,
  setup(config, services) {
    const { alg, enc } = algorithmsOf(config)
    const { certId, source, forward_location: target, strict } = config
    const from = tokenPlace(source)
    const to = tokenPlace(target)
    const same =
      source.type === target.type &&
      (source.type === 'InHeader'
        ? source.name.toLowerCase() === target.name.toLowerCase()
        : source.name === target.name)
    const only = {
      keyManagementAlgorithms: [alg],
      contentEncryptionAlgorithms: [enc],
      maxDecompressedLength: LONGEST_TOKEN,
    }
    return {
      async request({ request, upstream }) {
        const found = from.read(request)
        const [token] = found
        // Nothing of the client stays where the backend looks for claims.
        if (!same || found.length > 1 || (token !== undefined && !COMPACT.test(token))) to.wipe(upstream)
        const key = certId === null ? null : services.keyPairs.signingKey(certId, tenantOf(services.route))
        if (key?.asymmetricKeyType !== 'rsa') return strict ? unusable : undefined
        if (token === undefined) return absent
        if (found.length > 1 || token.length > LONGEST_TOKEN) return invalid
        let clear: Uint8Array
        try {
          clear = (await compactDecrypt(token, key, only)).plaintext
        } catch {
          return strict ? invalid : undefined
        }
        const claims = readObject(Buffer.from(clear).toString('utf8'))
        if (claims === null) return invalid
        from.wipe(upstream)
        const text = asciiJson(claims)
        to.write(upstream, target.type === 'InCookie' ? encodeURIComponent(text) : text)
        return undefined
      },
    }
  },
})
