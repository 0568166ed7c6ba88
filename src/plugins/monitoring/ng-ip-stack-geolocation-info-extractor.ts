/** Finds out where clients are, from ipstack.com. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { flag, setting, text } from '../settings.ts'
import { ipStack } from './ip-stack.ts'
import { keepPlace } from './located.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgIpStackGeolocationInfoExtractor',
  name: 'Geolocation details extractor (using IpStack api)',
  description:
    'Finds out where clients are, by asking ipstack.com once a day for each address, for events, expressions and other plugins. The first request of an address waits for it; none is refused.',
  family: 'monitoring',
  categories: ['Other'],
  steps: ['PreRoute'],
  config: v.looseObject({
    apikey: setting(v.nullable(text), null, 'Access key; without one nothing happens'),
    timeout: setting(v.pipe(v.number(), v.integer(), v.minValue(1)), 2000, 'Longest wait, milliseconds'),
    log: setting(flag, false, 'Write what is found into the log'),
    url: setting(text, 'https://api.ipstack.com', 'Where to ask'),
  }),
  setup({ apikey, timeout, log, url }, services) {
    if (apikey === null || apikey.trim() === '') return {}
    if (!/^https?:\/\//i.test(url)) throw new Error('url: expected an http or https URL')
    const find = ipStack({ apikey: apikey.trim(), timeout, url }, services)
    return {
      preRoute: exchange =>
        find(exchange.request.ip).then(place => keepPlace(exchange, place, log, services)),
    }
  },
})
