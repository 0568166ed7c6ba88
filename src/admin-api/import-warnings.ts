/** What the caller should know before entities are exchanged: above all whether he locks himself out. */
import type { Incoming } from '../control/transfer/incoming.ts'
import { readApikey } from '../identity/apikey.ts'
import { apikey } from '../model/kinds/apikey.ts'
import { globalConfig } from '../model/kinds/global-config.ts'
import { route } from '../model/kinds/route.ts'
import { isObject } from '../model/types/shape.ts'
import type { AdminApiServices } from './services.ts'

export type AdminRoute = NonNullable<AdminApiServices['adminRoute']>

/** Who calls, and with which secret. */
export interface CallingKey {
  readonly clientId: string
  /** Null: not known. */
  readonly secret: string | null
}

/** Sentences, most important first. */
export function importWarnings(
  incoming: Incoming,
  adminRoute: AdminRoute | undefined,
  caller: CallingKey | null,
): string[] {
  const warnings: string[] = []
  const text = adminRoute === undefined ? null : incoming.find(route, adminRoute.routeId)
  const imported = text === null ? null : objectOf(text)
  if (caller !== null) warnings.push(...keyWarnings(incoming, adminRoute, imported, caller))
  if (adminRoute !== undefined && imported === null)
    warnings.push(
      `The route ${adminRoute.routeId} of the admin API is not part of the import: the one that is there stays`,
    )
  if (imported?.['enabled'] === false)
    warnings.push(`The route ${adminRoute?.routeId} of the admin API is disabled: the admin API is closed`)
  const settings = incoming.find(globalConfig, 'global')
  if (settings !== null && objectOf(settings)['apiReadOnly'] === true)
    warnings.push('The configuration has apiReadOnly: afterwards the admin API takes no writes')
  return [...warnings, ...passwordWarnings(incoming)]
}

function keyWarnings(
  incoming: Incoming,
  adminRoute: AdminRoute | undefined,
  imported: Record<string, unknown> | null,
  { clientId, secret }: CallingKey,
): string[] {
  const text = incoming.find(apikey, clientId)
  const key = text === null ? null : readApikey(text)
  const name = `The key ${clientId} that makes this call`
  if (key === null) return [`${name} is not part of the import: it opens nothing afterwards`]
  const warnings: string[] = []
  if (!key.usableAt(Date.now())) warnings.push(`${name} is disabled or out of date in the import`)
  if (secret !== null && key.clientSecret !== secret && key.nextSecret !== secret)
    warnings.push(`${name} has another secret in the import`)
  if (adminRoute !== undefined && !isGranted(key, adminRoute, imported))
    warnings.push(`${name} is not granted on the admin API in the import`)
  return warnings
}

/** True when a key opens the admin API. `imported`: its route, when the import brings one. */
function isGranted(
  key: NonNullable<ReturnType<typeof readApikey>>,
  { routeId, groupId }: AdminRoute,
  imported: Record<string, unknown> | null,
): boolean {
  const groups = imported?.['groups']
  return (
    key.grantedOn('route', routeId) ||
    key.grantedOn('service', routeId) ||
    [groupId, ...(Array.isArray(groups) ? groups : [])].some(id => key.grantedOn('group', String(id)))
  )
}

/** True when a key of the import opens the admin API. */
export function hasAdminKey(incoming: Incoming, adminRoute: AdminRoute): boolean {
  const text = incoming.find(route, adminRoute.routeId)
  const imported = text === null ? null : objectOf(text)
  for (const { definition, json } of incoming.entities.values()) {
    if (definition.kind !== 'Apikey') continue
    const key = readApikey(json)
    if (key?.usableAt(Date.now()) && isGranted(key, adminRoute, imported)) return true
  }
  return false
}

function passwordWarnings(incoming: Incoming): string[] {
  const warnings: string[] = []
  for (const { definition, id, json } of incoming.entities.values()) {
    if (definition.kind !== 'SimpleAdminUser' && definition.kind !== 'WebauthnAdminUser') continue
    const { password } = objectOf(json)
    if (typeof password !== 'string' || !/^\$2[abxy]?\$\d\d\$.{53}$/.test(password))
      warnings.push(`The password of the administrator ${id} is no bcrypt hash: nobody can log in with it`)
  }
  return warnings
}

function objectOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  return isObject(value) ? value : {}
}
