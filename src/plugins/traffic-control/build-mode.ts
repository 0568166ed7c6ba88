/** Closes a route that is not ready yet. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.BuildMode',
  name: 'Build mode',
  description: 'Answers every request with the page of a service under construction.',
  family: 'traffic-control',
  categories: ['AccessControl', 'Classic'],
  steps: ['PreRoute'],
  config: noSettings,
  setup: () => ({ preRoute: () => refuse('under_construction') }),
})
