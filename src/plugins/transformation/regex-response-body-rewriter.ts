/** Rewrites text bodies of answers by patterns. */
import { definePlugin } from '../../plugin/index.ts'
import { askReadable } from './content-coding.ts'
import { rewritingPhase, rewritingSettings } from './rewriting.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RegexResponseBodyRewriter',
  name: 'Regex response body rewriter',
  description:
    'Rewrites the bodies of answers by regular expressions that take linear time, and puts a prefix before relative links.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: rewritingSettings,
  setup(config, services) {
    return {
      request: ({ upstream }) => askReadable(upstream.headers),
      response: rewritingPhase(config, 'response', services),
    }
  },
})
