/** Gets an access token and shows it to the backend (RFC 6749, RFC 6750). */
import { definePlugin } from '../../plugin/index.ts'
import { clientOf, oauth2CallerSettings } from './oauth2-caller-settings.ts'
import { tokenCaller } from './token-caller.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OAuth2Caller',
  name: 'OAuth2 caller',
  description:
    'Gets an access token from an authorization server and sends it to the backend. Tokens are kept while they are good and renewed before they end; one the backend answers with 401 is renewed for the next request.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['TransformRequest'],
  config: oauth2CallerSettings,
  setup: (config, services) => tokenCaller(config, clientOf(config, services), services),
})
