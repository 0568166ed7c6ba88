/** Tells the backend what software clients use. */
import { definePlugin, schema as v, userAgentAttribute } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { factsField } from './known-facts.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgUserAgentInfoHeader',
  name: 'User-Agent header',
  description:
    'Tells the backend what the extractor has found out about the software of the client, as JSON in a field.',
  family: 'monitoring',
  categories: ['Headers'],
  steps: ['TransformRequest'],
  config: v.looseObject({ header_name: setting(text, 'X-User-Agent-Info', 'Name of the field') }),
  setup: ({ header_name }) => factsField(header_name, userAgentAttribute),
})
