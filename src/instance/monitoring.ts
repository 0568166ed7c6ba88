/** What the monitoring endpoints tell, for the admin API: whoever calls it has shown a key already. */
import type { AdminApiServices } from '../admin-api/services.ts'
import type { DataPlane } from '../data-plane/data-plane.ts'
import { monitoringFacts } from '../data-plane/monitoring-facts.ts'
import type { ThreadSettings } from '../data-plane/thread-settings.ts'
import { answerMonitoring } from '../events/index.ts'

/** Answers as a data-plane thread would. */
export function monitoringWith(
  settings: Omit<ThreadSettings, 'index'>,
  dataPlane: DataPlane,
): NonNullable<AdminApiServices['monitoring']> {
  const open = { ...settings, index: 0, healthKey: null, metricsKey: null }
  const facts = monitoringFacts(open, () =>
    dataPlane.status().some(({ live, revision }) => live && revision >= 0),
  )
  return (topic, query, accept) => answerMonitoring({ topic, query, accept, keyHeader: undefined }, facts)!
}
