/** What a thread knows for the monitoring endpoints: figures of all threads, from shared memory. */
import { availableParallelism, loadavg } from 'node:os'
import { type Gauge, type MonitoringFacts, readMetrics } from '../events/index.ts'
import { InFlight } from './in-flight.ts'
import { InstanceState } from './instance-state.ts'
import type { ThreadSettings } from './thread-settings.ts'

/** `ready`: the thread serves a revision. */
export function monitoringFacts(settings: ThreadSettings, ready: () => boolean): MonitoringFacts {
  const state = new InstanceState(settings.state)
  const inFlight = new InFlight(settings.inFlight, settings.index)
  return {
    get datastore() {
      return state.store
    },
    get ready() {
      return ready()
    },
    healthKey: settings.healthKey,
    metricsKey: settings.metricsKey,
    metricsEnabled: settings.metricsEnabled,
    metrics: () => readMetrics(settings.metrics),
    gauges: () => processGauges(inFlight.total),
  }
}

function processGauges(inFlight: number): Gauge[] {
  const memory = process.memoryUsage()
  const cpu = process.cpuUsage()
  return [
    { name: 'otoroshi.requests.in-flight', value: inFlight },
    { name: 'process.uptime.seconds', value: Math.round(process.uptime()) },
    { name: 'process.memory.resident.bytes', value: memory.rss },
    { name: 'process.cpu.user.microseconds', value: cpu.user },
    { name: 'process.cpu.system.microseconds', value: cpu.system },
    { name: 'system.cores', value: availableParallelism() },
    { name: 'system.load.1m', value: loadavg()[0] ?? 0 },
  ]
}
