/** A share of the clients goes to a new version; it grows from nobody to everybody between two dates. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { canary, canaryTargets } from './canary.ts'

const date = v.nullable(
  v.pipe(
    text,
    v.check(value => !Number.isNaN(Date.parse(value)), 'Invalid date: Expected one as ISO 8601 has them'),
  ),
)

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.TimeControlledCanaryMode',
  name: 'Time controlled Canary mode',
  description:
    'Moves the clients to other servers between two dates: before the first nobody goes there, behind the second everybody, and in between a share that grows.',
  family: 'traffic-control',
  categories: ['TrafficControl', 'Classic'],
  steps: ['PreRoute', 'TransformResponse'],
  config: v.looseObject({
    start: setting(date, null, 'When the first clients go over; without it nothing happens'),
    stop: setting(date, null, 'When the last ones do; a day after the start unless set'),
    increment_percent: setting(
      v.pipe(v.number(), v.gtValue(0), v.maxValue(100)),
      1,
      'The share grows in steps of so many percent',
    ),
    ...canaryTargets,
  }),
  setup({ start, stop, increment_percent: step, targets, root }, services) {
    if (start === null) return {}
    const from = Date.parse(start)
    const to = stop === null ? from + 86_400_000 : Date.parse(stop)
    if (to <= from) throw new Error('stop: it is not behind start')
    const share = (now: number): number | null => {
      if (now < from) return null
      if (now >= to) return 1
      const percent = ((now - from) / (to - from)) * 100
      return Math.min(100, Math.round(percent / step) * step) / 100
    }
    return canary({ cookie: 'otoroshi-tc-canary', targets, root, share }, services)
  },
})
