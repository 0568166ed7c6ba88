/** Keeps listed addresses out. */
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { addressList } from '../address-list.ts'
import { noTexts, setting, texts } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.IpAddressBlockList',
  name: 'IP block list',
  description:
    'Refuses clients whose address is on the list, and those whose address cannot be read; an empty list refuses nobody. Entries are addresses, networks (`10.0.0.0/8`, `2001:db8::/32`) or addresses with `*`. The address is taken from X-Forwarded-For when the gateway trusts it.',
  family: 'security',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    addresses: setting(
      texts,
      noTexts,
      'Addresses, networks (`10.0.0.0/8`) and patterns (`10.0.*`) to refuse',
    ),
  }),
  setup(config) {
    if (config.addresses.length === 0) return {}
    const listed = addressList(config.addresses)
    return {
      access({ request }) {
        // Null too: who hides behind a text that is no address may be on the list.
        if (listed(request.ip) === false) return undefined
        return refuse('ip_not_allowed', { detail: request.ip.slice(0, 100) })
      },
    }
  },
})
