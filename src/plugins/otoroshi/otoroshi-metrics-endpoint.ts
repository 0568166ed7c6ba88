/** Tells the figures of the instance, on a route of one's own. */
import { answer, definePlugin } from '../../plugin/index.ts'
import { schema as v } from '../../schema/index.ts'
import { setting, text } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OtoroshiMetricsEndpoint',
  name: 'Otoroshi Metrics endpoint',
  description:
    'Answers with the metrics of this instance as JSON or for Prometheus; the query parameter `format`, else `Accept`, decides. Asks for no access key: guard the route.',
  family: 'otoroshi',
  categories: ['Otoroshi internals'],
  steps: ['CallBackend'],
  config: v.looseObject({
    filter: setting(
      text,
      null,
      'Metrics it tells, as a pattern; the query parameter `filter` comes before it',
    ),
  }),
  setup({ filter }, { instance }) {
    return {
      backend({ request }) {
        const { query, headers } = request
        const report = instance.report({
          topic: 'metrics',
          format: query.get('format'),
          filter: query.get('filter') ?? filter,
          accept: headers.get('accept'),
        })
        const fields = [
          ['Content-Type', report.contentType],
          ['Cache-Control', 'no-store'],
        ] as const
        return answer(report.status, fields, report.body)
      },
    }
  },
})
