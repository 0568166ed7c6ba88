/** The flow report of a request as an event: routes, or the engine, with `export_reporting`. */
import type { EventRoute } from './gateway-event-facts.ts'
import { shownEntity } from './shown-entity.ts'

/** Builds the event, in upstream's shape. `report` is the report itself. */
export function buildFlowReportEvent(
  id: string,
  timestamp: number,
  route: EventRoute,
  report: unknown,
): Record<string, unknown> {
  return {
    '@type': 'RequestFlowReport',
    '@id': id,
    '@timestamp': timestamp,
    '@product': 'otoroshi',
    '@serviceId': route.id,
    '@service': route.name,
    '@env': 'prod',
    route: shownEntity(route.json),
    report,
  }
}
