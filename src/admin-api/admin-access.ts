/**
 * Whether a route and a key open the admin API: asked before entities are exchanged, so that nobody locks himself out.
 *
 * Guarantees: what passes opens it on every host and for every call for which the route that is there opens it. A route may
 * be refused that would do as well. Not looked at here: whether its plugins start.
 */
import { ACCESS_RIGHTS } from './caller.ts'
import type { ApikeyView } from '../identity/apikey.ts'
import { Rights } from '../identity/rights.ts'
import { equalJson } from '../model/equal-json.ts'
import type { Route } from '../model/kinds/route.ts'
import type { PluginSlot } from '../model/types/plugin-slot.ts'
import { isObject } from '../model/types/shape.ts'
import type { PluginListing } from './services.ts'

const GATE = 'cp:otoroshi.next.plugins.ApikeyCalls'

/** Steps in which a plugin changes messages and turns nobody away. */
const mild: ReadonlySet<string> = new Set(['TransformRequest', 'TransformResponse'])

/** Why a route does not open the admin API as the one that is there does, or null. `plugins`: those there are. */
export function routeFault(route: Route, here: Route, plugins: readonly PluginListing[]): string | null {
  if (!route.enabled) return 'it is disabled'
  const { frontend } = route
  const domains = new Set(frontend.domains.map(domain => domain.toLowerCase()))
  const missing = here.frontend.domains.find(domain => !domains.has(domain.toLowerCase()))
  if (missing !== undefined) return `it does not answer on ${missing}`
  const { headers, query, cookies } = frontend
  const conditions = [headers, query, cookies].some(list => Object.keys(list).length > 0)
  const narrowed = conditions || frontend.exact || frontend.methods.length > 0
  if (narrowed || !equalJson(route.bound_listeners, here.bound_listeners)) return 'it takes only some calls'
  const slots = route.plugins.filter(slot => slot.enabled)
  if (!slots.some(slot => slot.plugin === GATE && isHarmless(slot, here, plugins)))
    return 'it does not ask for API keys'
  const strange = slots.find(slot => !isHarmless(slot, here, plugins))
  return strange === undefined
    ? null
    : `it has the plugin ${strange.plugin}, which may turn calls away or is not here`
}

function isHarmless(slot: PluginSlot, here: Route, plugins: readonly PluginListing[]): boolean {
  if (isGate(slot, plugins) || here.plugins.some(other => equalJson(other, slot))) return true
  const listing = plugins.find(({ id }) => id === slot.plugin)
  return listing?.plugin_steps.every(step => mild.has(step)) === true
}

/** True for a plugin that lets keys in, in every form and on every path. */
function isGate(slot: PluginSlot, plugins: readonly PluginListing[]): boolean {
  const { include, exclude, bound_listeners: listeners, config } = slot
  if (slot.plugin !== GATE || include.length + exclude.length + listeners.length > 0) return false
  const usual = plugins.find(({ id }) => id === GATE)?.['default_config']
  if (!isObject(config)) return false
  return Object.entries(config).every(([key, value]) => isObject(usual) && equalJson(usual[key], value))
}

/** Why a key does not open a route of the admin API for a super admin, or null. `asUser`: it is used for a user, with his rights. */
export function keyFault(key: ApikeyView | null, route: Route, asUser: boolean): string | null {
  if (key === null) return 'it cannot be read'
  if (!key.usableAt(Date.now())) return 'it is disabled or out of date'
  if (key.readOnly || key.restrictions.enabled) return 'it is good for some calls only'
  if (key.json.constrainedServicesOnly) return 'it is for services that put constraints on keys'
  if (!isGranted(key, route)) return 'it is not granted on the admin API'
  const { metadata } = key
  const limited = Object.hasOwn(metadata, ACCESS_RIGHTS) && !Rights.read(metadata[ACCESS_RIGHTS]).isSuper
  return limited && !asUser ? 'its rights are limited' : null
}

/** Metadata that names the route whose grants this one has. */
const ORIGINAL_ID = 'otoroshi-core-original-route-id'

function isGranted(key: ApikeyView, { id: own, groups, metadata }: Route): boolean {
  const id = (Object.hasOwn(metadata, ORIGINAL_ID) ? metadata[ORIGINAL_ID] : undefined) ?? own
  return (
    key.grantedOn('route', id) ||
    key.grantedOn('service', id) ||
    groups.some(group => key.grantedOn('group', group))
  )
}
