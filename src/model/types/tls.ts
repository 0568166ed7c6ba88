import { schema as v } from '../../schema/index.ts'
import { emptyTexts, field, flag, texts } from './fields.ts'
import { isObject } from './shape.ts'

/** TLS towards a server: our certificates and whom we trust. */
export const tlsConfigSchema = v.looseObject({
  certs: field(texts, emptyTexts, 'Client certificates: ids or subject names'),
  trusted_certs: field(texts, emptyTexts, 'Authorities trusted: ids or subject names'),
  enabled: field(flag, false, 'Use these settings'),
  loose: field(flag, false, 'Skip the host name check'),
  trust_all: field(flag, false, 'Accept any certificate'),
})
export type TlsConfig = v.InferOutput<typeof tlsConfigSchema>

/** The same in the spelling of service descriptors and auth modules. */
export const mtlsConfigSchema = v.looseObject({
  certs: field(texts, emptyTexts, 'Client certificates'),
  trustedCerts: field(texts, emptyTexts, 'Authorities trusted'),
  mtls: field(flag, false, 'Use these settings'),
  loose: field(flag, false, 'Skip the host name check'),
  trustAll: field(flag, false, 'Accept any certificate'),
})
export type MtlsConfig = v.InferOutput<typeof mtlsConfigSchema>

/** Accepts the old `certId` / `cert_id` (one certificate) in place of `certs`. */
export function normalizeTls(input: unknown): unknown {
  if (!isObject(input)) return input
  const single = input['certId'] ?? input['cert_id']
  if (typeof single !== 'string') return input
  const { certId: _certId, cert_id: _cert, ...rest } = input
  return Array.isArray(rest['certs']) && rest['certs'].length > 0 ? rest : { ...rest, certs: [single] }
}
