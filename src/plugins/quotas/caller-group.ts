/** Who counts together, for the plugins that limit callers by an expression. */
import type { Exchange, PluginServices } from '../../plugin/index.ts'
import { schema as v } from '../../plugin/index.ts'
import { flag, setting, text } from '../settings.ts'
import { shadow } from './shadow.ts'

export const callerGroupSettings = {
  per_route: setting(flag, true, 'Without a group: each route counts for itself'),
  perRoute: v.pipe(v.nullish(flag), v.description('The same, as Otoroshi reads it')),
  global: setting(flag, false, 'Kept, without effect'),
  group: setting(
    v.nullable(text),
    null,
    'Expression that names the group; routes with the same count together',
  ),
  expression: setting(text, '${req.ip}', 'Expression that names the caller'),
  shadow,
}

interface CallerGroupSettings {
  readonly per_route: boolean
  readonly perRoute?: boolean | null | undefined
  readonly group: string | null
  readonly expression: string
}

/** Group and caller of a request. */
export function callerGroup(
  config: CallerGroupSettings,
  { route, template }: PluginServices,
): (exchange: Exchange) => { readonly group: string; readonly caller: string } {
  const { expression, per_route: perRoute } = config
  // Upstream writes the one name and reads the other: whoever gave the other means it.
  const ownRoute = config.perRoute ?? perRoute
  const fixed = ownRoute ? route.id : 'global'
  const group = config.group === null ? () => fixed : template(config.group)
  const caller = template(expression)
  return exchange => ({ group: group(exchange), caller: caller(exchange) })
}
