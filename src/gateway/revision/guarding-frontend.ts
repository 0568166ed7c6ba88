/** The frontend of a route whose own cannot be compiled: what can be read of its domains, so that they stay guarded. */
import { type CompiledFrontend, compileFrontend } from '../router/index.ts'

/** Never fails; without a readable domain the route is never asked. */
export function guardingFrontend(json: unknown): CompiledFrontend {
  const domains =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>)['domains'] : null
  const readable = (Array.isArray(domains) ? domains : []).filter(
    domain => typeof domain === 'string' && compileFrontend({ domains: [domain] }).ok,
  )
  const compiled = compileFrontend({ domains: readable })
  return compiled.ok ? compiled.value : nowhere
}

const nowhere: CompiledFrontend = {
  domains: [],
  stripPath: true,
  exact: false,
  methods: [],
  headers: [],
  query: [],
  cookies: [],
}
