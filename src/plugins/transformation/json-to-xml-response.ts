/** Sends JSON bodies of answers to clients as XML. */
import { definePlugin } from '../../plugin/index.ts'
import { prepareFilters } from './filter.ts'
import { askWhole } from './whole-body.ts'
import { conversionPhase, conversionSettings, jsonIntoXml } from './xml-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JsonToXmlResponse',
  name: 'response body json-to-xml',
  description:
    'Sends answers in JSON to clients as XML: members become elements, those with `@` attributes, `$` is the text.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: conversionSettings,
  prepare: ({ filter }) => prepareFilters({ filter }),
  setup(config, services) {
    return { request: askWhole, response: conversionPhase(jsonIntoXml, 'response', config, services) }
  },
})
