/** Rewrites header values of the answer to the client. */
import { definePlugin } from '../../plugin/index.ts'
import { headerRewriting, headerRewritingSettings } from './header-rewriting.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RegexResponseHeadersRewriter',
  name: 'Regex response headers rewriter',
  description:
    'Replaces what regular expressions match in header values of the answer to the client. A field that is not there is not made.',
  family: 'headers',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: headerRewritingSettings,
  setup(config, services) {
    if (config.rules.length === 0) return {}
    const rewrite = headerRewriting(config.rules, services)
    return {
      response(exchange) {
        rewrite(exchange.response.headers, exchange)
      },
    }
  },
})
