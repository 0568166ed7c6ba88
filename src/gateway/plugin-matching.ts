/** Plugins that take part in the search for a route. */
import type { ClientRequest } from '../plugin/contract.ts'
import { checkChoice } from './pipeline/verdict.ts'
import type { RouteEntry } from './revision/route-entry.ts'

/** A plugin that takes part in the search for a route failed. */
export class MatchFailed extends Error {
  readonly plugin: string
  constructor(plugin: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'MatchFailed'
    this.plugin = plugin
  }
}

export function askMatch<T>(plugin: string, ask: () => T): T {
  try {
    return ask()
  } catch (error) {
    throw new MatchFailed(plugin, error)
  }
}

/** True when the route's own matching plugins agree; a route that is not compiled yet is taken and asked later. */
export function accepts(entry: RouteEntry, request: ClientRequest): boolean {
  const compiled = entry.compiled
  if (compiled === null) return true
  for (const step of compiled.parts.chain.matchRoute) {
    if (step.only !== null && !step.only(request)) continue
    if (!askMatch(step.plugin, () => checkChoice(step.run(request)))) return false
  }
  return true
}
