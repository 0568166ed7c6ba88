/** The limit of all routes together, where the gateway does not see to it itself. */
import { definePlugin, globalLimit } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.GlobalThrottling',
  name: 'Global throttling',
  description:
    'Refuses calls beyond `throttlingQuota` of the global configuration, which all routes share. Needed only on routes without the checks of the engine; a call is counted once.',
  family: 'quotas',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: noSettings,
  setup: (_config, { counting }) => ({ access: globalLimit(counting) }),
})
