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
 * The first expression by which a client would decide a text that says whom the gateway calls; undefined: it decides none. Its
 * `Host`, and its port, are its own as far as the domains of the route (`domains`) let it; those without `*` leave the name no choice.
 */
export function serverChoice(text: string, domains: readonly string[]): string | undefined {
  const named = domains.length > 0 && domains.every(line => !line.split('/')[0]!.includes('*'))
  return expressionsOf(text).find(expression =>
    alternativesOf(expression).some(
      part => !SETTLED.test(part) || part === 'req.host' || (part === 'req.domain' && !named),
    ),
  )
}

/** The alternatives of a chain, without the fallback behind `::`. */
export function alternativesOf(expression: string): readonly string[] {
  if (!expression.includes('||')) return [expression.trim()]
  const fallback = expression.lastIndexOf('::')
  const alternatives = fallback < 0 ? expression : expression.slice(0, fallback)
  return alternatives.split('||').map(part => part.trim())
}
