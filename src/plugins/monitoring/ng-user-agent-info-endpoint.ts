/** Shows clients what their software is taken for. */
import { definePlugin, userAgentAttribute } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'
import { factsEndpoint } from './known-facts.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgUserAgentInfoEndpoint',
  name: 'User-Agent endpoint',
  description:
    'Answers `/.well-known/otoroshi/plugins/user-agent` with what the extractor has found out about the software of the client.',
  family: 'monitoring',
  categories: ['TrafficControl'],
  steps: ['TransformRequest'],
  config: noSettings,
  setup: () => factsEndpoint('/.well-known/otoroshi/plugins/user-agent', userAgentAttribute, null),
})
