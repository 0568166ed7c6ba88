/** How the gateway shows a token endpoint that it is the client (RFC 6749, 2.3; RFC 7523, 2.2). */
import { type KeyObject, randomUUID } from 'node:crypto'
import { signToken } from '../../../identity/jwt/signing.ts'
import { clientCredentials, type OAuthModule } from '../../../identity/oauth-module.ts'
import type { ProviderServices } from '../../contract.ts'
import { privateKeyOf } from '../../stored-key.ts'
import { ProviderDown } from './fault.ts'

export interface ClientProof {
  readonly fields: Readonly<Record<string, string>>
  readonly headers: ReadonlyArray<readonly [string, string]>
}

/** Seconds an assertion is good. */
const ASSERTION_LIFE = 60
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** `endpoint`: address of the token endpoint, for which an assertion is made. Throws `ProviderDown` without a key. */
export function proofOfClient(
  settings: OAuthModule,
  tenant: string,
  endpoint: string,
  services: ProviderServices,
): ClientProof {
  const { clientId, clientSecret, clientAuthentication = 'client_secret_post' } = settings
  const client_id = clientId
  switch (clientAuthentication) {
    case 'client_secret_basic':
      return { fields: {}, headers: [['Authorization', clientCredentials(clientId, clientSecret)]] }
    case 'private_key_jwt': {
      const client_assertion = assertion(settings, tenant, endpoint, services)
      return { fields: { client_id, client_assertion_type: ASSERTION_TYPE, client_assertion }, headers: [] }
    }
    case 'none':
      return { fields: { client_id }, headers: [] }
    default:
      return {
        fields: { client_id, ...(clientSecret.trim() !== '' && { client_secret: clientSecret }) },
        headers: [],
      }
  }
}

function assertion(
  { clientId, clientKeyId }: OAuthModule,
  tenant: string,
  endpoint: string,
  services: ProviderServices,
): string {
  const id = clientKeyId ?? ''
  const stored = services.certificate(id)
  // A module of one organization must not sign with the key of another.
  if (stored === null || stored.tenant !== tenant)
    throw new ProviderDown(`clientKeyId: there is no certificate ${JSON.stringify(id)} of this organization`)
  const key = privateKeyOf(stored)
  const issued = Math.floor(Date.now() / 1000)
  return signToken(
    { alg: algorithmOf(key), key, kid: id },
    {
      iss: clientId,
      sub: clientId,
      aud: endpoint,
      jti: randomUUID(),
      iat: issued,
      exp: issued + ASSERTION_LIFE,
    },
  )
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

function algorithmOf(key: KeyObject): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'ec') return CURVES[details?.namedCurve ?? ''] ?? 'ES256'
  return type === 'ed25519' ? 'EdDSA' : 'RS256'
}
