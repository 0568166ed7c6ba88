/** Raises an alert for pages that load scripts of polyfill.io. */
import { definePlugin } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'
import { polyfillWatch } from './polyfill-watch.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.PolyfillIoDetector',
  name: 'cdn.polyfill.io detector',
  description:
    'Raises an alert for HTML pages without a content security policy that load scripts of polyfill.io.',
  family: 'security',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: noSettings,
  setup: (_config, services) => polyfillWatch(false, 'CdnPolyfillIoDetectedAlert', services),
})
