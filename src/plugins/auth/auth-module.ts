/** Calls need a logged-in user. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { moduleGuard, moduleOf, moduleSettings, passWithApikey } from '../auth-module-guard.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.AuthModule',
  name: 'Authentication',
  description:
    'Lets users in who are logged in through an auth module, and sends everybody else to its login. Behind a plugin that checks API keys it can let calls with a key pass, too.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['ValidateAccess'],
  config: v.looseObject({ pass_with_apikey: passWithApikey, ...moduleSettings }),
  setup: (config, services) => ({
    access: moduleGuard(moduleOf(config), config.pass_with_apikey, services),
  }),
})
