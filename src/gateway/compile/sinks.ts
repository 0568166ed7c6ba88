import type { PluginSlot } from '../../model/types/plugin-slot.ts'
import type { PluginSource } from './plugin-source.ts'

/**
 * Otoroshi's plugins that do nothing but answer requests which no route takes. As global plugins they are no part of any
 * route's chain, so one that is not there closes no route.
 */
const sinks: ReadonlySet<string> = new Set([
  'cp:otoroshi.next.plugins.NgClientCredentials',
  'cp:otoroshi.next.plugins.NgDiscoverySelfRegistrationSink',
  'cp:otoroshi.next.plugins.WasmSink',
  'cp:otoroshi.next.plugins.wrappers.RequestSinkWrapper',
])

/** The slots of global plugins that take part in routes. */
export function slotsOfRoutes(slots: readonly PluginSlot[]): readonly PluginSlot[] {
  return slots.some(({ plugin }) => sinks.has(plugin))
    ? slots.filter(({ plugin }) => !sinks.has(plugin))
    : slots
}

/** Ids of the sinks among the slots that nobody here knows. */
export async function unknownSinks(
  slots: readonly PluginSlot[],
  plugins: PluginSource,
): Promise<ReadonlySet<string>> {
  const unknown = new Set<string>()
  for (const { plugin, enabled } of slots)
    if (enabled && sinks.has(plugin) && (await isUnknown(plugin, plugins))) unknown.add(plugin)
  return unknown
}

async function isUnknown(plugin: string, plugins: PluginSource): Promise<boolean> {
  try {
    return (await plugins.find(plugin)) === null
  } catch {
    // It is there and does not load.
    return false
  }
}
