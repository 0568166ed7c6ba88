/** Sends XML bodies of requests to the backend as JSON. */
import { definePlugin } from '../../plugin/index.ts'
import { prepareFilters } from './filter.ts'
import { conversionPhase, conversionSettings, xmlIntoJson } from './xml-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.XmlToJsonRequest',
  name: 'request body xml-to-json',
  description:
    'Sends request bodies in XML to the backend as JSON: elements and attributes become members, repeated ones lists. Document types are refused.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: conversionSettings,
  prepare: ({ filter }) => prepareFilters({ filter }),
  setup(config, services) {
    return { request: conversionPhase(xmlIntoJson, 'request', config, services) }
  },
})
