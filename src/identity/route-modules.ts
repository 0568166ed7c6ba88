/** Which auth modules the plugins of a route name. */
import { isObject } from '../model/types/shape.ts'

/** Plugins that name modules people log in through, by the end of their ids. */
const SINGLE = new Set(['AuthModule', 'NgLegacyAuthModuleCall', 'NgAuthModuleUserExtractor'])
const SEVERAL = 'MultiAuthModule'

/** Plugins that want a login of every caller. */
const GUARDS: ReadonlySet<string> = new Set(
  ['AuthModule', SEVERAL, 'NgLegacyAuthModuleCall'].map(name => `cp:otoroshi.next.plugins.${name}`),
)

/** True for plugins that want a login of every caller. */
export function wantsLogin(plugin: string): boolean {
  return GUARDS.has(plugin)
}

export interface RouteModules {
  /** Ids, in the order of the plugins. */
  readonly ids: readonly string[]
  /** Module → emails and patterns of those who are sent to it. */
  readonly groups: Readonly<Record<string, readonly string[]>>
}

/** `route`: a route or a route composition, as JSON; `global`: slots of all routes. Disabled plugins are passed over. */
export function modulesOfRoute(
  route: Readonly<Record<string, unknown>>,
  global: readonly unknown[],
): RouteModules {
  const ids = new Set<string>()
  const groups: Record<string, string[]> = Object.create(null)
  for (const slot of [...global, ...slotsOf(route)]) {
    if (!isObject(slot) || slot['enabled'] === false || typeof slot['plugin'] !== 'string') continue
    const name = nameOf(slot['plugin'])
    const config = isObject(slot['config']) ? slot['config'] : {}
    if (SINGLE.has(name)) add(ids, [config['auth_module'] ?? config['module']])
    if (name !== SEVERAL) continue
    const several = textsOf(config['auth_modules'])
    add(ids, several.length > 0 ? several : config['modules'])
    if (isObject(config['users_groups']))
      for (const [id, people] of Object.entries(config['users_groups'])) groups[id] = textsOf(people)
  }
  return { ids: [...ids], groups }
}

function nameOf(plugin: string): string {
  return plugin.slice(plugin.lastIndexOf('.') + 1)
}

/** Slots of all routes, from the JSON of the global configuration: a list, or one inside `slots`. */
export function globalSlots(config: Readonly<Record<string, unknown>>): readonly unknown[] {
  const plugins = isObject(config['plugins']) ? config['plugins']['config'] : null
  const slots = isObject(plugins) ? plugins['ng'] : null
  const list = isObject(slots) ? slots['slots'] : slots
  return Array.isArray(list) ? list : []
}

function slotsOf(route: Readonly<Record<string, unknown>>): readonly unknown[] {
  const own = Array.isArray(route['plugins']) ? route['plugins'] : []
  const items = Array.isArray(route['routes']) ? route['routes'] : []
  return [
    ...own,
    ...items.flatMap(item => (isObject(item) && Array.isArray(item['plugins']) ? item['plugins'] : [])),
  ]
}

function add(ids: Set<string>, values: unknown): void {
  for (const id of textsOf(values)) ids.add(id)
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string' && item !== '') : []
}
