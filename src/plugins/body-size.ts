/** How much of a body a plugin reads whole. */
import type { PluginServices } from '../plugin/contract.ts'
import { count, setting } from './settings.ts'

/** The setting of plugins that read bodies. */
export const maxBodySize = setting(
  count,
  null,
  'Longest body that is read, bytes; that of the process (`otoroshi.plugins.maxBodySize`) unless set',
)

/** The limit of a plugin, bytes. */
export function bodySizeOf(
  config: { readonly max_body_size: number | null },
  services: PluginServices,
): number {
  return config.max_body_size ?? services.bodyLimit
}
