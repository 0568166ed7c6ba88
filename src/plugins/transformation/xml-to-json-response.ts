/** Sends XML bodies of answers to clients as JSON. */
import { definePlugin } from '../../plugin/index.ts'
import { prepareFilters } from './filter.ts'
import { askWhole } from './whole-body.ts'
import { conversionPhase, conversionSettings, xmlIntoJson } from './xml-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.XmlToJsonResponse',
  name: 'response body xml-to-json',
  description:
    'Sends answers in XML to clients as JSON: elements and attributes become members, repeated ones lists. Document types are refused.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: conversionSettings,
  prepare: ({ filter }) => prepareFilters({ filter }),
  setup(config, services) {
    return { request: askWhole, response: conversionPhase(xmlIntoJson, 'response', config, services) }
  },
})
