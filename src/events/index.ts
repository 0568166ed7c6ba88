/**
 * Events: what happened, for whoever listens.
 *
 * Guarantees: no request waits for an event; every event that an exporter wanted is delivered, dropped with a reason, or
 * pending (law 7); memory is bounded at each step.
 */
export { type AdminCallFacts, type AlertShape, buildAdminAlert, buildAdminApiEvent } from './admin-events.ts'
export { alertedRequest, buildAlert } from './alert-event.ts'
export { EventPort } from './event-port.ts'
export { EventsHub, type EventsHubOptions } from './events-hub.ts'
export { buildFlowReportEvent } from './flow-report-event.ts'
export { GatewayEvent } from './gateway-event.ts'
export type { EventIdentity, GatewayEventFacts } from './gateway-event-facts.ts'
export { buildHealthCheckEvent, type HealthCheckFacts } from './health-check-event.ts'
export type { InstanceFacts, InstanceFields } from './instance-facts.ts'
export { maskedFields, maskedTarget, maskFieldsNamed } from './masked-fields.ts'
export { maskSecrets } from './mask-secrets.ts'
export type { EventsLedger, ExporterRules, ExporterStatus } from './messages.ts'
export type { ExporterConfig } from './pipeline.ts'
export type { Gauge } from './metrics-report.ts'
export { answerMonitoring, type MonitoringFacts } from './monitoring.ts'
export {
  metricsMemory,
  moveRates,
  readMetrics,
  type RequestFigures,
  RequestMetrics,
} from './request-metrics.ts'
export { keepText } from './shown-entity.ts'
export { TICK } from './rates.ts'
export { buildRouteEvent } from './route-event.ts'
