/** The limit of each address, where the gateway does not see to it itself. */
import { addressLimit, definePlugin } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.GlobalPerIpAddressThrottling',
  name: 'Global per ip address throttling',
  description:
    'Refuses calls of an address beyond `perIpThrottlingQuota` of the global configuration, over all routes. Needed only on routes without the checks of the engine; a call is counted once.',
  family: 'quotas',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: noSettings,
  setup: (_config, { counting, board }) => ({ access: addressLimit(counting, board) }),
})
