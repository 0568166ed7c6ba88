/**
 * Keeps the way in open: which route and which key of the admin API an import may replace.
 *
 * Guarantees: the route and the key that are chosen open the admin API together; what would not is withdrawn from the import,
 * so that the one that is there stays, and said in a warning. A route that is not taken is kept for the next export.
 */
import type { Incoming } from '../control/transfer/incoming.ts'
import { type ApikeyView, readApikey } from '../identity/apikey.ts'
import { equalJson } from '../model/equal-json.ts'
import { apikey } from '../model/kinds/apikey.ts'
import { type Route, route as routeKind } from '../model/kinds/route.ts'
import { readEntityText } from '../model/read.ts'
import type { EntityFault } from '../revision/delta.ts'
import { keyFault, routeFault } from './admin-access.ts'
import type { PluginListing } from './services.ts'

/** The way in as it is. */
export interface WayIn {
  readonly routeId: string
  /** Text of the route, null when there is none: then nothing is known and all is taken. */
  readonly route: string | null
  /** The key to be kept, null for none. */
  readonly key: { readonly clientId: string; readonly text: string | null } | null
  /** The key is used for a user, with his rights. */
  readonly asUser: boolean
  plugins(): Promise<readonly PluginListing[]>
  /** What would close this route (text), or every route, with the entities of the import in place. Absent: not known. */
  closedBy?(route: string): Promise<readonly EntityFault[]>
}

export interface Guarded {
  /** What of the way in is to stay though the import does not hold it. */
  readonly routeStays: boolean
  readonly keyStays: boolean
  /** What would close the admin API all the same. */
  readonly closed: readonly EntityFault[]
  /** Sentences, most important first. */
  readonly warnings: readonly string[]
}

/** Chooses, and withdraws from the import what is not taken. */
export async function guardWayIn(incoming: Incoming, wayIn: WayIn): Promise<Guarded> {
  const { here, imported, fault, closed } = await routesToChoose(incoming, wayIn)
  const keys = keysToChoose(incoming, wayIn)
  const takes = imported !== null && fault === null && opensWith(imported, keys, wayIn)
  const routeStays = here !== null && !takes
  const route = routeStays ? here : imported
  const key = keys.imported
  const keyTrouble = key === null || route === null ? null : keyFault(key, route, wayIn.asUser)
  const keyStays = keys.here !== null && (key === null || keyTrouble !== null)
  const warnings: string[] = []
  if (keyStays) warnings.push(keepKey(incoming, keys.here!, keyTrouble))
  else if (key !== null && keys.here !== null) warnings.push(...secretWarnings(key, keys.here))
  if (routeStays) warnings.push(keepRoute(incoming, wayIn, imported, fault))
  return { routeStays, keyStays, closed, warnings }
}

interface Routes {
  readonly here: Route | null
  readonly imported: Route | null
  /** Why the imported one does not do. */
  readonly fault: string | null
  readonly closed: readonly EntityFault[]
}

interface Keys {
  readonly here: ApikeyView | null
  readonly imported: ApikeyView | null
}

async function routesToChoose(incoming: Incoming, wayIn: WayIn): Promise<Routes> {
  const text = incoming.find(routeKind, wayIn.routeId)
  const [here, imported] = [routeOf(wayIn.route), routeOf(text)]
  if (here === null) return { here, imported, fault: null, closed: [] }
  let fault = imported === null ? null : await faultOf(imported, here, wayIn)
  if (imported !== null && fault === null) {
    const closed = (await wayIn.closedBy?.(text!)) ?? []
    if (closed.length === 0) return { here, imported, fault, closed }
    fault = describe(closed)
  }
  return { here, imported, fault, closed: (await wayIn.closedBy?.(wayIn.route!)) ?? [] }
}

async function faultOf(imported: Route, here: Route, wayIn: WayIn): Promise<string | null> {
  // Listing the plugins loads them.
  return equalJson(imported, here) ? null : routeFault(imported, here, await wayIn.plugins())
}

/** Faults as one text for people. */
export function describe(faults: readonly EntityFault[]): string {
  return faults.map(({ reason, message }) => `${reason}: ${message}`).join('; ')
}

function keysToChoose(incoming: Incoming, { key }: WayIn): Keys {
  if (key === null) return { here: null, imported: null }
  const text = incoming.find(apikey, key.clientId)
  return {
    here: key.text === null ? null : readApikey(key.text),
    imported: text === null ? null : readApikey(text),
  }
}

/** True when the imported route does, and one of the keys opens it. */
function opensWith(imported: Route | null, { here, imported: key }: Keys, { asUser }: WayIn): boolean {
  if (imported === null) return false
  const keys = [key, here].filter(one => one !== null)
  return keys.length === 0 || keys.some(one => keyFault(one, imported, asUser) === null)
}

function keepKey(incoming: Incoming, here: ApikeyView, fault: string | null): string {
  const name = `The key ${here.clientId} that makes this call`
  if (fault === null) return `${name} is not part of the import: it stays`
  incoming.withdraw(apikey, here.clientId)
  return `${name} stays as it is, since the one of the import would not open the admin API: ${fault}`
}

function secretWarnings(imported: ApikeyView, here: ApikeyView): string[] {
  const secrets = [imported.clientSecret, imported.nextSecret]
  if (secrets.includes(here.clientSecret)) return []
  return [`The key ${here.clientId} that makes this call gets another secret, the one of the import`]
}

function keepRoute(incoming: Incoming, wayIn: WayIn, imported: Route | null, fault: string | null): string {
  const name = `The route ${wayIn.routeId} of the admin API`
  if (imported === null) return `${name} is not part of the import: it stays`
  incoming.withdraw(routeKind, wayIn.routeId)
  incoming.keepAdminRoute({ imported, beside: wayIn.route! })
  const why = fault ?? 'the key that makes this call is not granted on it'
  return `${name} stays as it is, since the one of the import would close it: ${why}`
}

function routeOf(text: string | null): Route | null {
  if (text === null) return null
  const parsed = readEntityText(routeKind, text)
  return parsed.ok ? parsed.value : null
}
