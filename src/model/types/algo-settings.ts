import { schema as v } from '../../schema/index.ts'
import { proxySchema } from './client.ts'
import { absent, count, emptyJson, emptyMap, field, flag, headerMap, line, required, text } from './fields.ts'
import { mtlsConfigSchema, tlsConfigSchema } from './tls.ts'

const size = required(v.picklist([256, 384, 512]), 'Bits of the hash')
const certificateId = required(text, 'Certificate that holds the key pair')
const pem = {
  size,
  publicKey: required(text, 'Public key, PEM'),
  privateKey: field(v.nullable(text), null, 'Private key, PEM: to sign'),
}

/** How tokens are signed and verified. */
export const algoSettingsSchema = v.variant('type', [
  v.looseObject({
    type: required(v.literal('HSAlgoSettings'), 'A shared secret'),
    size,
    secret: required(text, 'The secret'),
    base64: field(flag, false, 'The secret is written in base64'),
  }),
  v.looseObject({ type: required(v.literal('RSAlgoSettings'), 'An RSA key pair'), ...pem }),
  v.looseObject({ type: required(v.literal('ESAlgoSettings'), 'An elliptic curve key pair'), ...pem }),
  v.looseObject({
    type: required(v.literal('JWKSAlgoSettings'), 'Public keys fetched from a server'),
    url: required(line, 'Where the keys are'),
    timeout: field(count, 2000, 'Longest wait, milliseconds'),
    headers: field(headerMap, emptyMap, 'Headers of the call'),
    ttl: field(count, 300000, 'How long keys are kept, milliseconds'),
    kty: field(v.picklist(['RSA', 'EC', 'OKP']), 'RSA', 'Type of the keys: RSA, EC, or OKP for Ed25519'),
    proxy: field(proxySchema, emptyJson, 'Outgoing proxy'),
    // Two spellings of one thing: filling in the one that was not given would contradict the other.
    tls_config: absent(v.nullable(tlsConfigSchema), 'TLS towards the server'),
    mtlsConfig: absent(v.nullable(mtlsConfigSchema), 'The same in its older spelling'),
  }),
  v.looseObject({
    type: required(v.literal('RSAKPAlgoSettings'), 'An RSA key pair among the certificates'),
    size,
    certId: certificateId,
  }),
  v.looseObject({
    type: required(v.literal('ESKPAlgoSettings'), 'An elliptic curve key pair among the certificates'),
    size,
    certId: certificateId,
  }),
  v.looseObject({
    type: required(v.literal('KidAlgoSettings'), 'The certificate the token names'),
    onlyExposedCerts: field(flag, false, 'Only certificates whose public key is published'),
  }),
])
export type AlgoSettings = v.InferOutput<typeof algoSettingsSchema>

/** HMAC with a secret everybody knows, as upstream fills it in where nothing is set. */
export const defaultAlgoSettings = (secret = 'secret') => ({
  type: 'HSAlgoSettings' as const,
  size: 512 as const,
  secret,
  base64: false,
})
