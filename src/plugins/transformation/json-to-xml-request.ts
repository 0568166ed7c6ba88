/** Sends JSON bodies of requests to the backend as XML. */
import { definePlugin } from '../../plugin/index.ts'
import { prepareFilters } from './filter.ts'
import { conversionPhase, conversionSettings, jsonIntoXml } from './xml-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JsonToXmlRequest',
  name: 'request body json-to-xml',
  description:
    'Sends request bodies in JSON to the backend as XML: members become elements, those with `@` attributes, `$` is the text.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: conversionSettings,
  prepare: ({ filter }) => prepareFilters({ filter }),
  setup(config, services) {
    return { request: conversionPhase(jsonIntoXml, 'request', config, services) }
  },
})
