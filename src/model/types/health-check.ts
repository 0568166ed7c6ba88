import { schema as v } from '../../schema/index.ts'
import { count, emptyTexts, field, flag, text, texts } from './fields.ts'

const statuses = v.array(v.pipe(v.number(), v.integer()))

/** Active checks of targets. */
export const healthCheckSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  url: field(text, '', 'Path called on each target'),
  timeout: field(count, 5000, 'Longest wait, milliseconds'),
  healthyStatuses: field(statuses, () => [], 'Statuses that mean healthy'),
  unhealthyStatuses: field(statuses, () => [], 'Statuses that mean unhealthy'),
  blockOnRed: field(flag, false, 'Stop calling an unhealthy target'),
  logicCheck: field(flag, true, 'Expect the health check token to be answered'),
  healthyRegexChecks: field(texts, emptyTexts, 'Body patterns that mean healthy'),
  unhealthyRegexChecks: field(texts, emptyTexts, 'Body patterns that mean unhealthy'),
})
export type HealthCheck = v.InferOutput<typeof healthCheckSchema>
