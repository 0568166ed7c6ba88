/** Rewrites header values of the request to the backend. */
import { definePlugin } from '../../plugin/index.ts'
import { headerRewriting, headerRewritingSettings } from './header-rewriting.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RegexRequestHeadersRewriter',
  name: 'Regex request headers rewriter',
  description:
    'Replaces what regular expressions match in header values of the request to the backend. A field that is not there is not made.',
  family: 'headers',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: headerRewritingSettings,
  setup(config, services) {
    if (config.rules.length === 0) return {}
    const rewrite = headerRewriting(config.rules, services)
    return {
      request(exchange) {
        rewrite(exchange.upstream.headers, exchange)
      },
    }
  },
})
