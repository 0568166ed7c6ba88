/**
 * Every entity kind, and the ways to find one. A new kind is a file under `kinds/` and a line here.
 *
 * Guarantees (tested): names, storage keys and legacy paths do not collide, except kinds that declare `aliasOf`.
 */
import type { EntityDefinition } from './entity.ts'
import { apikey } from './kinds/apikey.ts'
import { backend } from './kinds/backend.ts'
import { certificate } from './kinds/certificate.ts'
import { dataExporter } from './kinds/data-exporter.ts'
import { draft } from './kinds/draft.ts'
import { errorTemplate } from './kinds/error-template.ts'
import { globalConfig } from './kinds/global-config.ts'
import { httpListener } from './kinds/http-listener.ts'
import { adminSession } from './kinds/admin-session.ts'
import { api } from './kinds/api.ts'
import { apiSubscription } from './kinds/api-subscription.ts'
import { authModule } from './kinds/auth-module.ts'
import { authModuleUser } from './kinds/auth-module-user.ts'
import { clientValidator } from './kinds/client-validator.ts'
import { corazaConfig } from './kinds/coraza-config.ts'
import { greenScore } from './kinds/green-score.ts'
import { jwtVerifier } from './kinds/jwt-verifier.ts'
import { remoteCatalog } from './kinds/remote-catalog.ts'
import { routeTemplate } from './kinds/route-template.ts'
import { script } from './kinds/script.ts'
import { serviceDescriptor } from './kinds/service-descriptor.ts'
import { tcpService } from './kinds/tcp-service.ts'
import { userAlert } from './kinds/user-alert.ts'
import { userDashboard } from './kinds/user-dashboard.ts'
import { wasmPlugin } from './kinds/wasm-plugin.ts'
import { webauthnAdminUser } from './kinds/webauthn-admin-user.ts'
import { workflow } from './kinds/workflow.ts'
import { organization, tenant } from './kinds/organization.ts'
import { route } from './kinds/route.ts'
import { routeComposition } from './kinds/route-composition.ts'
import { serviceGroup } from './kinds/service-group.ts'
import { simpleAdminUser } from './kinds/simple-admin-user.ts'
import { team } from './kinds/team.ts'

/** Every kind, in the order the admin API lists them. */
export const definitions: readonly EntityDefinition[] = [
  route,
  backend,
  routeComposition,
  serviceDescriptor,
  tcpService,
  errorTemplate,
  apikey,
  certificate,
  jwtVerifier,
  authModule,
  adminSession,
  simpleAdminUser,
  webauthnAdminUser,
  authModuleUser,
  clientValidator,
  serviceGroup,
  organization,
  tenant,
  team,
  dataExporter,
  script,
  wasmPlugin,
  globalConfig,
  draft,
  api,
  apiSubscription,
  routeTemplate,
  userDashboard,
  userAlert,
  greenScore,
  corazaConfig,
  httpListener,
  remoteCatalog,
  workflow,
]

/** Kinds with a storage of their own: aliases left out. What an export or a full revision walks through. */
export const storedDefinitions: readonly EntityDefinition[] = definitions.filter(d => d.aliasOf === undefined)

const byKind = new Map(definitions.map(d => [d.kind, d]))
const byLegacyPath = new Map(
  definitions.filter(d => d.legacyPath !== null && d.aliasOf === undefined).map(d => [d.legacyPath, d]),
)

/** The definition of a kind in its canonical spelling (`Route`), or null. */
export function definitionOf(kind: string): EntityDefinition | null {
  return byKind.get(kind) ?? null
}

/**
 * The kind under `/apis/{group}/{version}/{entity}`: group and version may be `any` or `all`, entity is the plural, the
 * kind or the singular name. Null when there is none.
 */
export function findDefinition(group: string, version: string, entity: string): EntityDefinition | null {
  for (const d of definitions) {
    if (group !== d.group && group !== 'any' && group !== 'all') continue
    if (version !== d.version && version !== 'any' && version !== 'all') continue
    if (entity === d.plural || entity === d.kind || entity === d.singular) return d
  }
  return null
}

/** The kind by any of its names: `Route`, `proxy.otoroshi.io/Route`, `routes`, `route`. */
export function findByName(name: string): EntityDefinition | null {
  const slash = name.indexOf('/')
  if (slash > 0) return findDefinition(name.slice(0, slash), 'any', name.slice(slash + 1))
  return findDefinition('any', 'any', name)
}

/** The kind served under a legacy path such as `/api/routes`, or null. */
export function findByLegacyPath(path: string): EntityDefinition | null {
  return byLegacyPath.get(path) ?? null
}
