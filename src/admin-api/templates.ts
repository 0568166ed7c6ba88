/** Fresh default entities, with the global configuration's additions merged over them. */
import { newId } from '../model/ids.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { definitionOf } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { mergePatch } from './merge-patch.ts'

/** Names of the kinds in `globalconfig.templates`, where they are not the singular name. */
const templateNames: Readonly<Record<string, string>> = {
  ServiceGroup: 'group',
  Organization: 'tenant',
  Tenant: 'tenant',
  DataExporter: 'dataExporter',
  ErrorTemplate: 'template',
  ServiceDescriptor: 'descriptor',
  TcpService: 'tcpService',
  JwtVerifier: 'verifier',
  AuthModule: 'authConfig',
  ApiSubscription: 'apiSubscription',
  RouteTemplate: 'routeTemplate',
  UserDashboard: 'userDashboardTemplate',
  UserAlert: 'userAlertTemplate',
}

/** A new default entity of the kind. `variant`: `?type=` unless given. Throws 404 when the kind has none. */
export function templateOf(
  call: Call,
  definition: EntityDefinition,
  variant: string | null = null,
): Record<string, unknown> {
  if (definition.hasTemplate === false) throw notFound('template not found !')
  const { services, query, caller } = call
  const type = variant ?? query.get('type') ?? query.get('mod-type')
  const template = definition.template(newId(definition, services.env), {
    ...services.template,
    tenant: caller.tenant,
    ...(type !== null && { type }),
  })
  const plain: unknown = JSON.parse(JSON.stringify(template))
  const merged = mergePatch(plain, additions(call, definition))
  return isObject(merged) ? merged : {}
}

function additions(call: Call, definition: EntityDefinition): unknown {
  const settings = definitionOf('GlobalConfig')
  if (settings?.singleton === undefined) return {}
  const templates = call.services.control.get(settings, settings.singleton)?.view()['templates']
  const own = isObject(templates) ? templates[templateNames[definition.kind] ?? definition.singular] : null
  return isObject(own) ? own : {}
}
