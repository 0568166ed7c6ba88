/** Rewrites text bodies of requests by patterns. */
import { definePlugin } from '../../plugin/index.ts'
import { rewritingPhase, rewritingSettings } from './rewriting.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RegexRequestBodyRewriter',
  name: 'Regex request body rewriter',
  description:
    'Rewrites the bodies of requests by regular expressions that take linear time, and puts a prefix before relative links.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: rewritingSettings,
  setup(config, services) {
    return { request: rewritingPhase(config, 'request', services) }
  },
})
