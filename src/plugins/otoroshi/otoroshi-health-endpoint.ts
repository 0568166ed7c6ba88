/** Tells how the instance is, on a route of one's own. */
import { answer, definePlugin } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OtoroshiHealthEndpoint',
  name: 'Otoroshi Health endpoint',
  description:
    'Answers with the health of this instance: 200 when it is well, 503 otherwise. Asks for no access key: guard the route.',
  family: 'otoroshi',
  categories: ['Otoroshi internals'],
  steps: ['CallBackend'],
  config: noSettings,
  setup(_config, { instance }) {
    return {
      backend() {
        const report = instance.report({ topic: 'health', format: null, filter: null, accept: undefined })
        const fields = [
          ['Content-Type', report.contentType],
          ['Cache-Control', 'no-store'],
        ] as const
        return answer(report.status, fields, report.body)
      },
    }
  },
})
