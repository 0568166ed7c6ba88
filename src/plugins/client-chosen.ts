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
  if (!expression.includes('||')) return !SETTLED.test(expression.trim())
  const fallback = expression.lastIndexOf('::')
  const alternatives = fallback < 0 ? expression : expression.slice(0, fallback)
  return alternatives.split('||').some(part => !SETTLED.test(part.trim()))
}
