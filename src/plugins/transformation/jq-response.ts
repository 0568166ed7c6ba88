/** Transforms JSON bodies of answers with jq. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { bodyFilter, prepareFilters } from './filter.ts'
import { filterBody } from './jq-body.ts'
import { askWhole, limitOf, maxBodySize } from './whole-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JQResponse',
  name: 'JQ transform response',
  description:
    'Transforms the JSON bodies of answers with a jq filter. `$context` is the request and its caller.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: v.looseObject({
    filter: setting(text, '.', 'jq filter'),
    max_body_size: maxBodySize,
  }),
  prepare: ({ filter }) => prepareFilters({ filter }),
  setup(config, services) {
    const limit = limitOf(config, services)
    const filter = bodyFilter(config.filter, config, limit)
    if (filter === null) return {}
    return {
      request: askWhole,
      response: exchange => filterBody(filter, exchange, 'response', limit, services),
    }
  },
})
