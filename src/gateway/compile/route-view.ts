/** The route as plugins see it, from its validated entity. */
import type { RouteView, TargetView } from '../../plugin/contract.ts'
import type { Route } from '../../model/kinds/route.ts'
import type { CompiledTarget } from '../balancing/index.ts'

/** View of one target. */
export function targetView(target: CompiledTarget): TargetView {
  return { id: target.id, hostname: target.hostname, port: target.port, tls: target.tls }
}

/** View of a route. `targets` come from the compiled backend. */
export function routeView(route: Route, targets: readonly TargetView[]): RouteView {
  return {
    id: route.id,
    name: route.name,
    groups: route.groups,
    tags: route.tags,
    metadata: route.metadata,
    domains: route.frontend.domains,
    stripPath: route.frontend.strip_path,
    backendRoot: route.backend.root,
    backendRewrite: route.backend.rewrite,
    targets,
    json: route as Readonly<Record<string, unknown>>,
  }
}
