/**
 * Servers that plugins send requests to in place of the backend of a route: balanced, guarded by breakers and called as those
 * of the backend are. Held by the requests on their way there, as a route is.
 */
import type { Route } from '../../model/kinds/route.ts'
import type { Exchange, PluginServices, TargetView } from '../../plugin/contract.ts'
import { describeFaults } from '../../schema/index.ts'
import { usableBy } from '../backends/origin-of.ts'
import { type Chooser, type CompiledBackend, compileBackend, compileChooser } from '../balancing/index.ts'
import type { HeldDestination } from '../pipeline/exchange.ts'
import { type CallPlace, releaseLinks, type TargetLink } from './compiled-route.ts'
import type { CompileEnvironment } from './environment.ts'
import { linkOf } from './link.ts'
import { compilePath } from './path.ts'

class RouteDestination implements HeldDestination, CallPlace {
  readonly backend: CompiledBackend
  readonly chooser: Chooser
  readonly links: readonly TargetLink[]
  readonly pathFor: (exchange: Exchange) => string
  #inFlight = 0
  #released = false

  constructor(place: {
    readonly backend: CompiledBackend
    readonly chooser: Chooser
    readonly links: readonly TargetLink[]
    readonly pathFor: (exchange: Exchange) => string
  }) {
    this.backend = place.backend
    this.chooser = place.chooser
    this.links = place.links
    this.pathFor = place.pathFor
  }

  get targets(): readonly TargetView[] {
    return this.links.map(({ view }) => view)
  }

  enter(): void {
    if (this.#released && this.#inFlight === 0) throw new Error('the destination is released')
    this.#inFlight++
  }

  leave(): void {
    if (--this.#inFlight === 0 && this.#released) this.#close()
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    if (this.#inFlight === 0) this.#close()
  }

  #close(): void {
    this.chooser.close()
    releaseLinks(this.links)
  }
}

/** What `PluginServices.destination` is for the plugin in a slot of a route. */
export function destinations(
  slot: number,
  route: Route,
  own: CompiledBackend,
  env: CompileEnvironment,
): PluginServices['destination'] {
  return given => {
    if (route.id === env.thread.privateRoute?.routeId)
      throw new Error('the route of the admin API has one backend only')
    const compiled = compileBackend({ ...own.json, ...given }, env.thread.here)
    if (!compiled.ok) throw new Error(describeFaults(compiled.faults))
    const backend = compiled.value
    const certificates = usableBy(route._loc.tenant, env.certificates)
    const links: TargetLink[] = []
    try {
      for (const target of backend.targets) links.push(linkOf(target, backend, route, env, certificates))
      const pathFor = compilePath(route, backend, env.thread.template)
      // Turns of their own: those of the backend are about other targets.
      const chooser = compileChooser(backend, `${route.id}#${slot}`, {
        ...env.thread.balancing,
        useCircuitBreakers: env.global.useCircuitBreakers,
      })
      return new RouteDestination({ backend, chooser, links, pathFor })
    } catch (error) {
      releaseLinks(links)
      throw error
    }
  }
}
