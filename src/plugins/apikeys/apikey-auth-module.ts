/** HTTP basic authentication with API keys, before anything else of the route. */
import { readBasic } from '../../identity/credential.ts'
import { secretOpens } from '../../identity/proofs.ts'
import {
  answer,
  apikeyAttribute,
  attribute,
  definePlugin,
  type FullAnswer,
  type ReasonCode,
  schema as v,
} from '../../plugin/index.ts'
import { fieldValue } from '../field-value.ts'
import { setting, text } from '../settings.ts'
import { restricted } from './admission.ts'
import { constraintsSettings } from './apikey-call-settings.ts'
import { keyConstraints } from './key-constraints.ts'
import { routeKeys } from './route-keys.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ApikeyAuthModule',
  name: 'Apikey auth module',
  description:
    'Asks browsers for the id and secret of an API key that is granted on the route (HTTP basic authentication). Constraints on tags and metadata may narrow which keys are accepted.',
  family: 'apikeys',
  categories: ['AccessControl'],
  steps: ['PreRoute', 'TransformRequest'],
  config: v.looseObject({
    realm: setting(v.nullable(text), 'apikey-auth-module-realm', 'Name that browsers show'),
    matcher: setting(
      v.nullable(constraintsSettings),
      null,
      'Constraints on the key, in either spelling: `one_tag_in` or `oneTagIn`',
    ),
  }),
  setup(config, services) {
    const constraints = config.matcher === null ? null : keyConstraints(config.matcher)
    const find = routeKeys(services, constraints, constraints !== null)
    const challenge = `Basic realm="${quoted(config.realm ?? 'apikey-auth-module-realm')}"`
    const again = page(401, 'apikey.login_needed', 'not authorized', challenge)
    const shown = attribute<boolean>('apikey-in-authorization')
    const unreadable = page(403, 'apikey.bad', 'forbidden', challenge)
    return {
      preRoute({ request, attributes, startedAt }) {
        const given = basicIn(request.headers.get('authorization'))
        if (given === null) return again
        const credential = readBasic(given)
        if (credential?.form !== 'secret') return unreadable
        const here = find(credential.clientId)
        if (here === null || !here.fits || !here.key.usableAt(startedAt)) return again
        if (!secretOpens(here.key, credential.secret)) return again
        const restriction = restricted(here, request)
        if (restriction !== null) return restriction
        attributes.set(apikeyAttribute, here.key)
        attributes.set(shown, true)
        return undefined
      },
      // What let the call in here is none of the backend's; what another plugin has put there is.
      request({ attributes, request, upstream }) {
        const given = request.headers.get('authorization')
        if (attributes.get(shown) === true && upstream.headers.get('authorization') === given)
          upstream.headers.delete('authorization')
      },
    }
  },
})

/** What stands behind `Basic`; null for another scheme or none. */
function basicIn(field: string | undefined): string | null {
  if (field === undefined || field.slice(0, 6).toLowerCase() !== 'basic ') return null
  return field.slice(6).trim()
}

function page(status: number, reason: ReasonCode, words: string, challenge: string): FullAnswer {
  return answer(
    status,
    [
      ['Content-Type', 'text/html; charset=utf-8'],
      ['WWW-Authenticate', challenge],
      ['Otoroshi-Error-Reason', reason],
    ],
    `<h3>${words}</h3>`,
  )
}

/** Inside of a quoted string (RFC 9110, 5.6.4). */
function quoted(realm: string): string {
  return fieldValue(realm).replace(/["\\]/g, '\\$&')
}
