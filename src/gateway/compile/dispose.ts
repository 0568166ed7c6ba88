import type { PluginInstance } from '../../plugin/contract.ts'

/** Takes leave of an instance. A plugin that cannot say goodbye hurts nobody else. */
export function disposeQuietly(instance: PluginInstance): void {
  try {
    instance.dispose?.()
  } catch {}
}
