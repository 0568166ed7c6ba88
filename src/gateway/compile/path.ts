/** The path a request is forwarded under: stripped, rewritten, with the expressions of the backend's root evaluated. */
import type { Route } from '../../model/kinds/route.ts'
import type { Exchange, Template } from '../../plugin/contract.ts'
import type { CompiledBackend } from '../balancing/index.ts'
import { compileFrontend, compileRewrite, compileRootedRewrite } from '../router/index.ts'

/** What a request's values make of the root is no path that may be asked for. */
export class UnsafePath extends Error {
  constructor() {
    super('the path computed for the backend holds dot segments or control characters')
    this.name = 'UnsafePath'
  }
}

/** Compiles the way from a request to path and query on the backend. Throws when the frontend or the root is invalid. */
export function compilePath(
  route: Route,
  backend: CompiledBackend,
  template: (text: string) => Template,
): (exchange: Exchange) => string {
  const frontend = compileFrontend(route.frontend)
  if (!frontend.ok)
    throw new Error(frontend.faults.map(fault => `frontend.${fault.path}: ${fault.message}`).join('; '))
  const { root, rewrite } = backend
  if (!root.includes('${')) {
    const to = compileRewrite({ frontend: frontend.value, root, rewrite })
    return exchange => to(exchange.request.target, exchange.matchedPath)
  }
  const rootFor = template(root)
  const to = compileRootedRewrite({ frontend: frontend.value, rewrite })
  return exchange => {
    const path = to(exchange.request.target, exchange.matchedPath, rootFor(exchange))
    if (path === null) throw new UnsafePath()
    return path
  }
}
