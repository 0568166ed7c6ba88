/** Gets an access token with the settings of an auth module and shows it to the backend. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { count, flag, setting, text } from '../settings.ts'
import { moduleClient } from './module-client.ts'
import { tokenCaller } from './token-caller.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OAuth2AuthModuleCaller',
  name: 'OAuth2 caller (auth. module)',
  description:
    'Gets an access token of the gateway itself from the provider of an OAuth 2 auth module and sends it to the backend. Tokens are kept while they are good and renewed before they end; one the backend answers with 401 is renewed for the next request.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    ref: setting(text, null, 'Id of the auth module'),
    headerName: setting(text, 'Authorization', 'Header for the backend'),
    headerValueFormat: setting(text, 'Bearer %s', 'Value of the header; `%s` is the token'),
    jsonPayload: setting(flag, false, 'Ask with JSON rather than a form'),
    cacheTokenSeconds: setting(
      count,
      600_000,
      'Seconds a token is kept when the server does not say how long it is good',
    ),
  }),
  setup: (config, services) =>
    tokenCaller(config, moduleClient(config.ref, config.jsonPayload, services), services),
})
