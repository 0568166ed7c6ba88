import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { ref } from '../references.ts'
import { id, location, metadata, name, tags } from '../types/common.ts'
import { emptyTexts, field, flag, number, optionalText, required, text, texts } from '../types/fields.ts'

const computed = (meaning: string) => `${meaning} (computed)`

export const certificateSchema = v.looseObject({
  _loc: location,
  id,
  domain: required(text, 'Main name'),
  name,
  description: required(text, 'Free text for humans'),
  chain: required(text, 'The certificate and its chain, PEM'),
  caRef: optionalText('Certificate of the issuer'),
  privateKey: field(text, '', 'Private key, PEM'),
  selfSigned: field(flag, false, computed('Signed by itself')),
  ca: field(flag, false, computed('An authority')),
  valid: field(flag, false, computed('Usable now')),
  exposed: field(flag, false, 'Its public key is published'),
  revoked: field(flag, false, 'Revoked'),
  autoRenew: field(flag, false, 'Renew before it ends'),
  letsEncrypt: field(flag, false, 'Obtained by ACME'),
  subject: field(text, '--', computed('Distinguished name')),
  from: field(number, 0, computed('Valid from, epoch milliseconds')),
  to: field(number, 0, computed('Valid until, epoch milliseconds')),
  client: field(flag, false, 'A client certificate'),
  keypair: field(flag, false, 'A bare key pair that signs tokens'),
  sans: field(texts, emptyTexts, computed('Alternative names')),
  certType: field(
    text,
    'certificate',
    computed('The first that holds: client, ca, letsEncrypt, keypair, selfSigned; else certificate'),
  ),
  password: optionalText('Password of the private key'),
  metadata,
  tags,
})
export type Certificate = v.InferOutput<typeof certificateSchema>

/** The first of these that the certificate is: one that signs itself may be an authority, too. */
function certTypeOf(input: Readonly<Record<string, unknown>>): string {
  const kinds = ['client', 'ca', 'letsEncrypt', 'keypair', 'selfSigned']
  return kinds.find(kind => input[kind] === true) ?? 'certificate'
}

/** A certificate, or a key pair. What is computed from the PEM is filled in by whoever writes. */
export const certificate = defineEntity<Certificate>({
  group: 'pki.otoroshi.io',
  version: 'v1',
  kind: 'Certificate',
  plural: 'certificates',
  singular: 'certificate',
  idField: 'id',
  storageKey: 'certs',
  idPrefix: 'cert',
  legacyPath: '/api/certificates',
  access: fullAccess,
  schema: certificateSchema,
  normalize: input => ({
    ...input,
    name: input['name'] ?? input['domain'],
    description: input['description'] ?? `Certificate for ${input['domain']}`,
    certType: certTypeOf(input),
  }),
  served: true,
  references: [ref('caRef', 'Certificate')],
  template: newId => {
    const now = Date.now()
    return fill(certificateSchema, {
      id: newId,
      domain: '--',
      name: 'a new certificate',
      description: 'a new certificate',
      chain: '',
      from: now,
      to: now,
    })
  },
})
