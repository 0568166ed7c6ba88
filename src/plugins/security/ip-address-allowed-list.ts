/** Lets only listed addresses in. */
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { addressList } from '../address-list.ts'
import { noTexts, setting, texts } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.IpAddressAllowedList',
  name: 'IP allowed list',
  description:
    'Lets in only clients whose address is on the list; an empty list lets nobody in. Entries are addresses, networks (`10.0.0.0/8`, `2001:db8::/32`) or addresses with `*`. The address is taken from X-Forwarded-For when the gateway trusts it.',
  family: 'security',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    addresses: setting(
      texts,
      noTexts,
      'Addresses, networks (`10.0.0.0/8`) and patterns (`10.0.*`) to let in',
    ),
  }),
  setup(config) {
    const listed = addressList(config.addresses)
    return {
      access({ request }) {
        if (listed(request.ip) === true) return undefined
        return refuse('ip_not_allowed', { detail: request.ip.slice(0, 100) })
      },
    }
  },
})
