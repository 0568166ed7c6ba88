/** Tells the backend where clients are. */
import { definePlugin, geolocationAttribute, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { factsField } from './known-facts.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgGeolocationInfoHeader',
  name: 'Geolocation header',
  description:
    'Tells the backend what an extractor has found out about the place of the client, as JSON in a field.',
  family: 'monitoring',
  categories: ['Other'],
  steps: ['TransformRequest'],
  config: v.looseObject({ header_name: setting(text, 'X-User-Agent-Info', 'Name of the field') }),
  setup: ({ header_name }) => factsField(header_name, geolocationAttribute),
})
