/**
 * From a route's JSON to a route that serves. Never throws and never rejects: whatever is wrong becomes a closed route
 * that answers its reason (law 1).
 */
import { wantsLogin } from '../../identity/route-modules.ts'
import { backend as backendKind } from '../../model/kinds/backend.ts'
import { type Route, route as routeKind } from '../../model/kinds/route.ts'
import { readEntity, readEntityText } from '../../model/read.ts'
import type { PluginSlot } from '../../model/types/plugin-slot.ts'
import { type Refusal, refuse } from '../../plugin/answer.ts'
import type { PluginServices, RouteView } from '../../plugin/contract.ts'
import type { OutgoingCalls } from '../../plugin/outgoing-calls.ts'
import { tenantOf } from '../../plugin/route-tenant.ts'
import { describeFaults } from '../../schema/index.ts'
import { usableBy } from '../backends/origin-of.ts'
import { type CompiledBackend, compileBackend, compileChooser } from '../balancing/index.ts'
import { emptyChain } from '../pipeline/chain.ts'
import { compileChain } from './chain.ts'
import { CompiledRoute, releaseLinks, type RouteParts, type TargetLink } from './compiled-route.ts'
import { destinations } from './destination.ts'
import { disposeQuietly } from './dispose.ts'
import type { CompileEnvironment } from './environment.ts'
import { withHiddenSessions } from './hidden-sessions.ts'
import { withLegacyChecks } from './legacy-checks.ts'
import { isPrivate, linkOf } from './link.ts'
import { compilePath } from './path.ts'
import { routeView, targetView } from './route-view.ts'
import { slotsOfRoutes } from './sinks.ts'

/** Metadata that names the route whose statistics and breakers this one shares. */
const ORIGINAL_ID = 'otoroshi-core-original-route-id'

/** Compiles a route. `json` is the parsed entity, not validated yet. */
export async function compileRoute(
  id: string,
  json: unknown,
  env: CompileEnvironment,
): Promise<CompiledRoute> {
  const parsed = readEntity(routeKind, json)
  if (!parsed.ok)
    return closedRoute(id, null, refuse('route.invalid', { detail: describeFaults(parsed.faults) }))
  const route = parsed.value
  const read = readBackend(route, env)
  if ('detail' in read) return closedRoute(id, route, refuse('route.invalid', { detail: read.detail }))
  const { backend } = read
  const certificates = usableBy(read.tenant, env.certificates)
  const view = routeView(route, backend.targets.map(targetView))
  const services = (slot: number, plugin: string): PluginServices => ({
    ...pluginServices(slot, plugin, view, env),
    destination: destinations(slot, route, backend, env),
  })
  const ofAll = globalSlotsOf(id, env)
  const chainServices = {
    plugins: env.thread.plugins,
    blacklisted: env.thread.blacklisted,
    pluginServices: services,
  }
  const own = await compileChain([...ofAll, ...route.plugins], chainServices, ofAll.length)
  if (!own.ok) return closedRoute(id, route, own.refusal)
  const chain = await withLegacyChecks(own.chain, view, env, services)
  if (!chain.ok) {
    for (const instance of own.chain.instances) disposeQuietly(instance)
    return closedRoute(id, route, chain.refusal)
  }
  const links: TargetLink[] = []
  try {
    for (const target of backend.targets) links.push(linkOf(target, backend, route, env, certificates))
    const cacheableId = route.metadata[ORIGINAL_ID] ?? route.id
    const chooser = compileChooser(backend, cacheableId, {
      ...env.thread.balancing,
      useCircuitBreakers: env.global.useCircuitBreakers,
    })
    const parts: RouteParts = {
      id,
      view,
      closed: null,
      chain: withHiddenSessions(chain.chain, route.id, env.thread),
      backend,
      chooser,
      links,
      pathFor: compilePath(route, backend, env.thread.template),
      debugFlow: route.debug_flow,
      exportReporting: route.export_reporting,
      cacheableId,
      privateRoute: isPrivate(route, env) ? env.thread.privateRoute : null,
    }
    return new CompiledRoute(parts)
  } catch (error) {
    releaseLinks(links)
    for (const instance of chain.chain.instances) disposeQuietly(instance)
    const detail = error instanceof Error ? error.message : String(error)
    return closedRoute(id, route, refuse('route.invalid', { detail }))
  }
}

/** A route that answers `refusal` to everything. */
export function closedRoute(id: string, route: Route | null, refusal: Refusal): CompiledRoute {
  const view: RouteView =
    route === null
      ? {
          id,
          name: id,
          groups: [],
          tags: [],
          metadata: {},
          domains: [],
          stripPath: true,
          backendRoot: '/',
          backendRewrite: false,
          targets: [],
          json: {},
        }
      : routeView(route, [])
  return new CompiledRoute({
    id,
    view,
    closed: refusal,
    chain: emptyChain,
    backend: null,
    chooser: null,
    links: [],
    pathFor: exchange => exchange.request.target,
    debugFlow: false,
    exportReporting: false,
    cacheableId: id,
    privateRoute: null,
  })
}

/** Global plugins of a route. A login of all routes is none of the admin API's, whose programs cannot log in: it has its keys. */
function globalSlotsOf(id: string, { global, thread }: CompileEnvironment): readonly PluginSlot[] {
  const slots = slotsOfRoutes(global.slots)
  return id === thread.privateRoute?.routeId ? slots.filter(({ plugin }) => !wantsLogin(plugin)) : slots
}

/** The backend, and the organization of who wrote it. */
function readBackend(
  route: Route,
  env: CompileEnvironment,
): { backend: CompiledBackend; tenant: string } | { detail: string } {
  let settings: unknown = route.backend
  let { tenant } = route._loc
  if (route.backend_ref !== null) {
    const text = env.entities.get('Backend', route.backend_ref)
    if (text === undefined)
      return { detail: `the backend ${JSON.stringify(route.backend_ref)} does not exist` }
    const stored = readEntityText(backendKind, text)
    if (!stored.ok) return { detail: `backend ${route.backend_ref}: ${describeFaults(stored.faults)}` }
    settings = stored.value.backend
    tenant = stored.value._loc.tenant
  }
  const compiled = compileBackend(settings, env.thread.here)
  if (!compiled.ok) return { detail: `backend: ${describeFaults(compiled.faults)}` }
  return { backend: compiled.value, tenant }
}

function pluginServices(
  slot: number,
  plugin: string,
  route: RouteView,
  env: CompileEnvironment,
): Omit<PluginServices, 'destination'> {
  const { thread, global } = env
  return {
    route,
    slot,
    template: (text: string) => thread.template(text),
    trustForwarded: global.trustForwarded,
    adminRoute: thread.privateRoute?.routeId ?? '',
    headerNames: thread.headerNames,
    apikeys: thread.apikeys,
    keyPairs: thread.keyPairs,
    logins: thread.logins,
    counting: thread.counting,
    bodyLimit: thread.bodyLimit,
    globalSettings: global.pluginSettings,
    calls: callsOf(tenantOf(route), thread.calls),
    jwt: thread.jwt,
    cache: thread.cache,
    board: thread.board,
    outages: thread.outages,
    geolocation: global.geolocation,
    instance: thread.instance,
    alert: (name, fields) => thread.alert(route, name, fields),
    event: (type, fields) => thread.event(route, type, fields),
    log: (level, message) => thread.log(level, `[${plugin} on ${route.id}] ${message}`),
  }
}

/** Calls of plugins of an organization: they show its certificates. */
function callsOf(tenant: string, calls: OutgoingCalls): OutgoingCalls {
  return { send: call => calls.send(call.tenant === undefined ? { ...call, tenant } : call) }
}
