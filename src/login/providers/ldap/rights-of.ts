/** Rights that groups and settings give (reference: auth modules, 6.2). Rights of one organization stand side by side. */
import type { schema as v } from '../../../schema/index.ts'
import type { ldapSchema } from '../../../model/types/auth-module-types.ts'
import { isObject } from '../../../model/types/shape.ts'
import { claimOf } from '../../../identity/jwt/jws.ts'

export type LdapSettings = v.InferOutput<typeof ldapSchema>
export type GroupFilter = LdapSettings['groupFilters'][number]

export interface Right {
  readonly tenant: string
  readonly teams: readonly string[]
}

/** Rights of a user as the directory and the settings see him. `groups`: those of `groupFilters` he is in. */
export function rightsIn(
  settings: LdapSettings,
  groups: readonly GroupFilter[],
  email: string,
): readonly Right[] {
  const own = settings.groupFilters.length === 0 ? [defaultRight(settings)] : groups.map(rightOfGroup)
  return [...own, ...rightsByName(settings, email)]
}

/** Rights of an administrator. `computed`: by `rightsIn`. */
export function adminRights(
  settings: LdapSettings,
  computed: readonly Right[],
  email: string,
): readonly Right[] {
  if (settings.superAdmins) return [{ tenant: '*:rw', teams: ['*:rw'] }]
  const { tenant } = settings._loc
  const given = claimOf(settings.rightsOverride, email)
  const override = Array.isArray(given) ? (given as readonly Right[]) : null
  const here = ({ tenant: name }: Right): boolean => nameOf(name) === tenant || nameOf(name) === '*'
  const inOwn = computed.filter(here)
  if (inOwn.length === 0) return override ?? computed
  const same =
    override?.filter(right => inOwn.some(({ tenant: name }) => nameOf(name) === nameOf(right.tenant))) ?? []
  return same.length > 0 ? same : inOwn
}

function defaultRight({ _loc: { tenant, teams } }: LdapSettings): Right {
  return { tenant, teams }
}

/** The team has the access that the organization has, unless it says its own. */
function rightOfGroup({ tenant, team }: GroupFilter): Right {
  const colon = tenant.lastIndexOf(':')
  const access = colon < 0 ? 'rw' : tenant.slice(colon + 1)
  return { tenant, teams: [team.includes(':') ? team : `${team}:${access}`] }
}

function rightsByName({ groupRights }: LdapSettings, email: string): readonly Right[] {
  return Object.values(groupRights).flatMap(group => {
    if (!isObject(group) || !Array.isArray(group['users']) || !group['users'].includes(email)) return []
    return Array.isArray(group['rights']) ? (group['rights'] as readonly Right[]) : []
  })
}

function nameOf(text: string): string {
  const colon = text.lastIndexOf(':')
  return colon < 0 ? text : text.slice(0, colon)
}
