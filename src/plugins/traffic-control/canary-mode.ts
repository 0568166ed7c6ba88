/** A share of the clients goes to a new version. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting } from '../settings.ts'
import { canary, canaryTargets } from './canary.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.CanaryMode',
  name: 'Canary mode',
  description:
    'Sends a share of the clients to other servers than those of the backend, the same clients each time: a signed cookie tells them again.',
  family: 'traffic-control',
  categories: ['TrafficControl', 'Classic'],
  steps: ['PreRoute', 'TransformResponse'],
  config: v.looseObject({
    traffic: setting(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.2, 'Share of the clients, 0 to 1'),
    ...canaryTargets,
  }),
  setup: ({ traffic, targets, root }, services) =>
    canary({ cookie: 'otoroshi-canary', targets, root, share: () => traffic }, services),
})
