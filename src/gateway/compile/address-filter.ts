/**
 * The lists of addresses of the global configuration (`ipFiltering`): the two plugins of that name, with these lists.
 *
 * Guarantees: nothing is loaded while both lists are empty; all routes of a revision share one compiled list; an entry that
 * cannot be read closes the routes it would guard (law 1).
 */
import type { PluginServices } from '../../plugin/contract.ts'
import { emptyChain } from '../pipeline/chain.ts'
import { type CompiledChain, compileChain } from './chain.ts'
import type { AddressLists } from './environment.ts'
import type { PluginSource } from './plugin-source.ts'

const ALLOWED = 'cp:otoroshi.next.plugins.IpAddressAllowedList'
const BLOCKED = 'cp:otoroshi.next.plugins.IpAddressBlockList'

const nothing: CompiledChain = { ok: true, chain: emptyChain }
const compiled = new WeakMap<AddressLists, Promise<CompiledChain>>()

/** A chain that refuses by the lists. `services`: those of the route that asks first, of which the two plugins use none. */
export function addressFilter(
  lists: AddressLists,
  plugins: PluginSource,
  services: (slot: number, plugin: string) => PluginServices,
): CompiledChain | Promise<CompiledChain> {
  const { allowed, blocked } = lists
  if (allowed.length === 0 && blocked.length === 0) return nothing
  let made = compiled.get(lists)
  if (made === undefined) {
    const slots = [...(allowed.length > 0 ? [slot(ALLOWED, allowed)] : []), slot(BLOCKED, blocked)]
    // Plugins that are switched off are those of routes: the lists are no plugin to whoever wrote them.
    made = compileChain(slots, { plugins, blacklisted: new Set(), pluginServices: services })
    compiled.set(lists, made)
  }
  return made
}

function slot(plugin: string, addresses: readonly string[]) {
  return {
    plugin,
    enabled: true,
    debug: false,
    include: [],
    exclude: [],
    bound_listeners: [],
    config: { addresses: [...addresses] },
    plugin_index: null,
  }
}
