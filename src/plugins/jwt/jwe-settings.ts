/** What both plugins of encrypted tokens are set up with. */
import { schema as v } from '../../plugin/index.ts'
import { flag, noEntries, setting, text, textMap } from '../settings.ts'
import { placeSettings } from '../token-place.ts'

/** Setting → name of the algorithm (RFC 7518, 4.3; the hash in the name). */
const keyManagement = {
  RSA_OAEP_256: 'RSA-OAEP-256',
  RSA_OAEP_384: 'RSA-OAEP-384',
  RSA_OAEP_512: 'RSA-OAEP-512',
} as const

/** Setting → name of the algorithm (RFC 7518, 5). */
const contentEncryption = {
  A128CBC_HS256: 'A128CBC-HS256',
  A192CBC_HS384: 'A192CBC-HS384',
  A256CBC_HS512: 'A256CBC-HS512',
  A128GCM: 'A128GCM',
  A192GCM: 'A192GCM',
  A256GCM: 'A256GCM',
} as const

type KeyManagement = keyof typeof keyManagement
type ContentEncryption = keyof typeof contentEncryption

const management = v.picklist(Object.keys(keyManagement) as KeyManagement[])
const encryption = v.picklist(Object.keys(contentEncryption) as ContentEncryption[])
const usualPlace = () => ({ type: 'InHeader' as const, name: 'X-JWT-Token', remove: '' })
const older = <const S extends v.GenericSchema>(type: S, of: string) =>
  v.pipe(v.nullish(type), v.description(`Another spelling of ${of}, which it comes before`))

export const jweSettings = v.looseObject({
  keyManagementAlgorithm: setting(management, 'RSA_OAEP_256', 'How the content key is encrypted'),
  contentEncryptionAlgorithm: setting(encryption, 'A128CBC_HS256', 'How the claims are encrypted'),
  certId: setting(v.nullable(text), null, 'Certificate with an RSA key'),
  source: setting(placeSettings, usualPlace, 'Where the encrypted token stands'),
  forward_location: setting(placeSettings, usualPlace, 'Where the decrypted claims are put'),
  strict: setting(flag, false, 'Refuse tokens that cannot be decrypted'),
  metadata: setting(textMap, noEntries, 'Claims of the token; expressions are evaluated'),
  key_management_algorithm: older(management, 'keyManagementAlgorithm'),
  content_encryption_algorithm: older(encryption, 'contentEncryptionAlgorithm'),
  payload: older(textMap, 'metadata'),
})
export type JweSettings = v.InferOutput<typeof jweSettings>

/** Names of the algorithms, as the header of a token has them. */
export function algorithmsOf(settings: JweSettings): { readonly alg: string; readonly enc: string } {
  return {
    alg: keyManagement[settings.key_management_algorithm ?? settings.keyManagementAlgorithm],
    enc: contentEncryption[settings.content_encryption_algorithm ?? settings.contentEncryptionAlgorithm],
  }
}
