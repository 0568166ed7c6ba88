/** Shows clients where they are. */
import { definePlugin, geolocationAttribute } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'
import { factsEndpoint } from './known-facts.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgGeolocationInfoEndpoint',
  name: 'Geolocation endpoint',
  description:
    'Answers `/.well-known/otoroshi/plugins/geolocation` with what an extractor has found out about the place of the client.',
  family: 'monitoring',
  categories: ['Other'],
  steps: ['TransformRequest'],
  config: noSettings,
  setup: () =>
    factsEndpoint('/.well-known/otoroshi/plugins/geolocation', geolocationAttribute, 'geolocation not found'),
})
