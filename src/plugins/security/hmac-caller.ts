/** Signs requests to the backend with a shared secret. */
import { checkField } from '../../http/headers.ts'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { setting, text } from '../settings.ts'
import { type HmacAlgorithm, hmacHashes, hmacOf, writeHmac } from './hmac-header.ts'

const algo = v.pipe(
  text,
  v.check(
    name => Object.hasOwn(hmacHashes, name.trim().toUpperCase()),
    'Invalid value: Expected HMAC-SHA1, HMAC-SHA256, HMAC-SHA384 or HMAC-SHA512',
  ),
)

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.HMACCaller',
  name: 'HMAC caller plugin',
  description:
    'Signs requests to the backend: `Date` becomes the time in milliseconds, and a header carries its HMAC. Without a secret every request of the route is refused.',
  family: 'security',
  categories: ['Authentication'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    secret: setting(text, null, 'Secret shared with the backend'),
    algo: setting(algo, 'HMAC-SHA512', 'HMAC-SHA1, HMAC-SHA256, HMAC-SHA384 or HMAC-SHA512'),
    authorizationHeader: setting(text, null, 'Header that carries the signature; Authorization unless set'),
  }),
  setup({ secret, algo, authorizationHeader }) {
    const header = authorizationHeader?.trim() || 'Authorization'
    checkField(header, '')
    if (!secret) return { request: () => bareError(400, 'caller.bad_config', { error: 'Bad parameters' }) }
    const algorithm = algo.trim().toUpperCase() as HmacAlgorithm
    return {
      request({ upstream }) {
        const date = String(Date.now())
        upstream.headers.set('Date', date)
        upstream.headers.set(header, writeHmac(algorithm, 'Date', hmacOf(algorithm, secret, date)))
      },
    }
  },
})
