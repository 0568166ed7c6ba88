import { schema as v } from '../../schema/index.ts'
import { count, field, flag, optionalText, text } from './fields.ts'

/** When a job runs and on which nodes: first fields of a schedule. */
export const scheduleFields = {
  enabled: field(flag, false, 'On or off'),
  kind: field(text, 'ScheduledEvery', 'ScheduledEvery, Cron, ScheduledOnce …'),
  instantiation: field(
    text,
    'OneInstancePerOtoroshiInstance',
    'On which nodes: OneInstancePerOtoroshiInstance, OneInstancePerOtoroshiCluster …',
  ),
  initial_delay: field(v.nullable(count), null, 'Wait before the first run, milliseconds'),
  interval: field(v.nullable(count), null, 'Between two runs, milliseconds'),
  cron_expression: optionalText('When it runs'),
}
