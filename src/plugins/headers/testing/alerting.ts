/** Services that keep the alerts a plugin raises. */
import type { PluginServices } from '../../../plugin/index.ts'

export interface Raised {
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
}

export function alerting(alerts: Raised[]): Partial<PluginServices> {
  return { alert: (name, fields) => void alerts.push({ name, fields: fields() }) }
}
