/** Settings of the endpoints that tell of certificates. */
import { schema as v } from '../../schema/index.ts'
import { flag, noTexts, setting, texts } from '../settings.ts'

export const keySetSettings = v.looseObject({
  cert_ids: setting(
    texts,
    noTexts,
    'Certificates it tells of; none named: those whose public key is published',
  ),
  include_algorithms: setting(flag, false, 'One entry for each algorithm of a key'),
  rsa_algorithms: setting(texts, noTexts, 'Algorithms of RSA keys; none named: RS256, RS384 and RS512'),
  es_algorithms: setting(texts, noTexts, 'Algorithms of keys of curves; none named: that of the curve'),
})
export type KeySetSettings = v.InferOutput<typeof keySetSettings>
