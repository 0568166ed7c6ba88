/** Makes requests wait. */
import { setTimeout as pause } from 'node:timers/promises'
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { count, setting } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgDeferPlugin',
  name: 'Defer Responses',
  description:
    'Makes requests wait before the backend is called: until so much time has passed since they came as the field `X-Defer`, the query parameter `defer` or the settings say.',
  family: 'traffic-control',
  categories: ['Other'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    duration: setting(count, 0, 'Milliseconds'),
    max_duration: setting(count, 60_000, 'Longest wait a client may ask for, milliseconds'),
  }),
  setup({ duration, max_duration: most }) {
    return {
      request(exchange) {
        const { request, startedAt } = exchange
        const asked = request.headers.get('x-defer') ?? request.query.get('defer')
        if (asked !== undefined && asked !== null && !/^\d{1,15}$/.test(asked.trim()))
          return refuse('defer.bad_duration')
        const wanted = asked === undefined || asked === null ? duration : Math.min(most, Number(asked))
        const left = wanted - (Date.now() - startedAt)
        return left <= 0 ? undefined : pause(left, undefined, { ref: false })
      },
    }
  },
})
