/** Lets pages load a safe script in place of those of polyfill.io. */
import { definePlugin } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'
import { polyfillWatch } from './polyfill-watch.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.PolyfillIoReplacer',
  name: 'cdn.polyfill.io mitigation',
  description:
    'Replaces scripts of polyfill.io in HTML pages without a content security policy by those of cdnjs.cloudflare.com, and raises an alert.',
  family: 'security',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: noSettings,
  setup: (_config, services) => polyfillWatch(true, 'CdnPolyfillIoReplacedAlert', services),
})
