/** Keeps answers of the backend in the memory of the instance and gives them out again. */
import { definePlugin } from '../../plugin/index.ts'
import { ResponseCache } from './response-cache.ts'
import { responseCacheSettings } from './response-cache-settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgResponseCache',
  name: 'Response Cache',
  description:
    'Keeps answers of the backend and gives them out again, as HTTP allows: by Cache-Control and Expires, or for the time given where they say nothing.',
  family: 'caching',
  categories: ['Other'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: responseCacheSettings,
  setup(config, { cache, route }) {
    if (cache === null) return {}
    const served = new ResponseCache(cache, config, route.id)
    return {
      lookup: exchange => served.lookup(exchange),
      answered: exchange => served.answered(exchange),
      failed: exchange => served.failed(exchange),
      afterRequest: exchange => served.over(exchange),
    }
  },
})
