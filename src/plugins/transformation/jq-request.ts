/** Transforms JSON bodies of requests with jq. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { bodyFilter, prepareFilters } from './filter.ts'
import { filterBody } from './jq-body.ts'
import { limitOf, maxBodySize } from './whole-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JQRequest',
  name: 'JQ transform request',
  description:
    'Transforms the JSON bodies of requests with a jq filter. `$context` is the request and its caller. Requests without a body are left alone.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
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
      request(exchange) {
        if (exchange.upstream.body.length === 0) return undefined
        return filterBody(filter, exchange, 'request', limit, services)
      },
    }
  },
})
