/** A route that has opening hours. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { setting, text } from '../settings.ts'
import { openAt, timeOfDay, zoneNamed } from './opening-hours.ts'

const time = v.pipe(
  text,
  v.check(given => timeOfDay(given) !== null, 'Expected a time such as 08:00'),
)
const day = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(7))

const rule = v.pipe(
  v.looseObject({
    time_start: setting(time, '08:00', 'Open after this time'),
    time_end: setting(time, '20:00', 'Open before this time'),
    day_start: setting(day, 1, 'First day, 1 for Monday'),
    day_end: setting(day, 5, 'Last day, 7 for Sunday'),
  }),
  v.check(
    ({ time_start: from, time_end: to }) => (timeOfDay(from) ?? 0) < (timeOfDay(to) ?? 0),
    'time_start is not before time_end: write one rule before midnight and one behind',
  ),
  v.check(
    ({ day_start: first, day_end: last }) => first <= last,
    'day_start is behind day_end: write one rule until day 7 and one from day 1',
  ),
)

const zone = v.pipe(
  text,
  v.check(given => zoneNamed(given) !== null, 'Expected a time zone such as Europe/Paris'),
)

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.TimeRestrictedAccessPlugin',
  name: 'Time Restriction',
  description:
    'Lets requests pass on the days and between the times of one of the rules, in the time zone given or else that of the gateway. Without rules nothing passes.',
  family: 'access-control',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    rules: setting(v.array(rule), (): v.InferInput<typeof rule>[] => [], 'When the route is open'),
    timezone: setting(v.nullable(zone), null, 'Time zone, such as `Europe/Paris`'),
  }),
  setup({ rules, timezone }) {
    const hours = rules.map(({ time_start, time_end, day_start, day_end }) => ({
      from: timeOfDay(time_start)!,
      to: timeOfDay(time_end)!,
      firstDay: day_start,
      lastDay: day_end,
    }))
    const open = openAt(hours, timezone === null ? undefined : zoneNamed(timezone)!)
    return {
      access({ startedAt }) {
        if (open(startedAt)) return undefined
        return bareError(403, 'time_restricted', {
          error: 'forbidden',
          error_description: 'You cannot access this resource right now',
        })
      },
    }
  },
})
