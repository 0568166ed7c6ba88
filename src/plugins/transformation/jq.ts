/** Transforms JSON bodies of requests and answers with jq. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { bodyFilter, prepareFilters } from './filter.ts'
import { filterBody } from './jq-body.ts'
import { askWhole, limitOf, maxBodySize } from './whole-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JQ',
  name: 'JQ',
  description:
    'Transforms the JSON bodies of requests and of answers with jq filters. `$context` is the request and its caller. An empty filter leaves its side alone.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: v.looseObject({
    request: setting(text, '.', 'Filter for bodies of requests'),
    response: setting(text, '', 'Filter for bodies of answers'),
    max_body_size: maxBodySize,
  }),
  prepare: ({ request, response }) => prepareFilters({ request, response }),
  setup(config, services) {
    const limit = limitOf(config, services)
    const ofRequest = bodyFilter(config.request, config, limit)
    const ofResponse = bodyFilter(config.response, config, limit)
    return {
      request(exchange) {
        if (ofResponse !== null) askWhole(exchange)
        if (ofRequest === null || exchange.upstream.body.length === 0) return undefined
        return filterBody(ofRequest, exchange, 'request', limit, services)
      },
      ...(ofResponse !== null && {
        response: exchange => filterBody(ofResponse, exchange, 'response', limit, services),
      }),
    }
  },
})
