/** Limits the bytes of request bodies. */
import { definePlugin } from '../../plugin/index.ts'
import { bandwidthLimit, bandwidthSettings } from './bandwidth.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RequestBandwidthThrottling',
  name: 'Request bandwidth throttling',
  description:
    'Limits the bytes of request bodies per window: of each body, which is ended or slowed down, or of all bodies of a group, which are refused once the group has used its bytes.',
  family: 'quotas',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: bandwidthSettings,
  setup: (config, services) =>
    bandwidthLimit(config, services, 'RequestBandwidthThrottling-bytes', 'request'),
})
