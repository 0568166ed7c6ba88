/** Expressions whose value a client decides: they may fill a text, but not say which host or origin is meant. */

/** Roots whose values come from the route, the settings or the connection. `Host` chose the route; a foreign page cannot set it. */
const SETTLED =
  /^(?:(?:route|service|config|env|global_config)\..*|vault:\/\/.*|req\.(?:host|domain|protocol|secured|listener))$/s

/** Expressions of a text without `${` and `}`, in order. */
export function expressionsOf(text: string): string[] {
  return [...text.matchAll(/\$\{([^}]*)\}/g)].map(found => found[1]!)
}

/** True unless every alternative of the expression is settled by administrators. Unknown expressions count as chosen. */
export function isClientChosen(expression: string): boolean {
  return alternativesOf(expression).some(part => !SETTLED.test(part))
}

/**
 * The same for a text that says whom the gateway calls: a client decides its `Host`, and its port, as far as the domains of the
 * route (`domains`) let it; those without `*` leave the name no choice.
 */
export function choosesServer(expression: string, domains: readonly string[]): boolean {
  const named = domains.length > 0 && domains.every(line => !line.split('/')[0]!.includes('*'))
  return alternativesOf(expression).some(
    part => !SETTLED.test(part) || part === 'req.host' || (part === 'req.domain' && !named),
  )
}

/** The alternatives of a chain, without the fallback behind `::`. */
export function alternativesOf(expression: string): readonly string[] {
  if (!expression.includes('||')) return [expression.trim()]
  const fallback = expression.lastIndexOf('::')
  const alternatives = fallback < 0 ? expression : expression.slice(0, fallback)
  return alternatives.split('||').map(part => part.trim())
}
