/** The path a request is forwarded under: stripped, rewritten, with the expressions of the backend's root evaluated. */
import { alternativesOf, isClientChosen } from '../../expression/client-chosen.ts'
import { partsOf } from '../../expression/index.ts'
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
  const rootFor = rootTemplate(root, rewrite, template)
  const to = compileRootedRewrite({ frontend: frontend.value, rewrite })
  return exchange => {
    const path = to(exchange.request.target, exchange.matchedPath, rootFor(exchange))
    if (path === null) throw new UnsafePath()
    return path
  }
}

/** What these give is a path already, in which the client may say what it likes, or nothing that a client decides. */
const AS_IT_IS =
  /^(?:req\.(?:path|uri|fullUrl|pathparams\..*)|(?:apikey|plan|api)\..*|date(?:[.(_].*)?|now(?:\..*)?|rand)$/s

/**
 * A root with expressions. What a client decides stays where it stands: it begins no query, is one parameter where there is a query,
 * and no further segments where the path goes on behind it. `isWhole`: nothing of the request's path follows.
 */
function rootTemplate(root: string, isWhole: boolean, template: (text: string) => Template): Template {
  const parts = partsOf(root)
  const literals = parts.filter((_, at) => at % 2 === 0)
  const made = parts.map((part, at): Template => {
    if (at % 2 === 0) return () => part
    const value = template(part)
    const stays = (one: string): boolean => AS_IT_IS.test(one) || !isClientChosen(one)
    if (alternativesOf(part.slice(2, -1)).every(stays)) return value
    const behind = (at + 1) / 2
    if (literals.slice(0, behind).join('').includes('?'))
      return exchange => encodeURIComponent(value(exchange).toWellFormed())
    const goesOn = !isWhole || literals.slice(behind).join('').split('?')[0]!.includes('/')
    const meaning = goesOn ? /[?#/]/g : /[?#]/g
    return exchange => value(exchange).replace(meaning, encodeURIComponent)
  })
  return exchange => made.map(part => part(exchange)).join('')
}
