/** The way into the admin API after a first start with entities of somebody else. */
import type { Incoming } from '../control/transfer/incoming.ts'
import { readApikey } from '../identity/apikey.ts'
import { apikey } from '../model/kinds/apikey.ts'
import { type Route, route as routeKind } from '../model/kinds/route.ts'
import { readEntity, readEntityText } from '../model/read.ts'
import { keyFault } from './admin-access.ts'
import { guardWayIn } from './guarded-import.ts'
import type { PluginListing } from './services.ts'

export interface UsualWayIn {
  readonly routeId: string
  /** The route and the key that a first start makes otherwise. */
  readonly route: unknown
  readonly clientId: string
  readonly key: unknown
  plugins(): Promise<readonly PluginListing[]>
}

/** Adds the usual route where the import brings none that opens the admin API, and the usual key likewise. Answers what to tell. */
export async function addWayIn(incoming: Incoming, usual: UsualWayIn): Promise<readonly string[]> {
  const { routeId, clientId } = usual
  const parsed = readEntity(routeKind, usual.route)
  const guarded = await guardWayIn(incoming, {
    routeId,
    route: parsed.ok ? JSON.stringify(parsed.value) : null,
    key: null,
    asUser: false,
    plugins: () => usual.plugins(),
  })
  const told = [...guarded.warnings]
  if (guarded.routeStays) incoming.add(routeKind, usual.route, `the route ${routeId} of the admin API`)
  const route = incoming.find(routeKind, routeId)
  const live = route === null ? null : readEntityText(routeKind, route)
  if (live?.ok !== true || hasKey(incoming, live.value)) return told
  told.push('No key of the import opens the admin API')
  if (incoming.find(apikey, clientId) === null) {
    incoming.add(apikey, usual.key, `the key ${clientId} of the admin API`)
    told.push(`The key ${clientId} of the settings was added`)
  }
  return told
}

function hasKey(incoming: Incoming, route: Route): boolean {
  for (const { definition, json } of incoming.entities.values()) {
    if (definition.kind === apikey.kind && keyFault(readApikey(json), route, false) === null) return true
  }
  return false
}
