/** Where the compiler finds plugins: the built-in ones and those of the plugins folder. */
import type { PluginDefinition } from '../../plugin/contract.ts'

export interface PluginSource {
  /** The plugin, at once when it is loaded; null when nobody knows the id. Throws or rejects when its file fails. */
  find(id: string): PluginDefinition | null | Promise<PluginDefinition | null>
}
