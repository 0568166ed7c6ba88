/**
 * The entities of a first start on an empty store: what upstream makes, so that its clients and documents work at once.
 * Guarantees: every entity is valid; secrets nobody chose are random. Not made here: certificates.
 */
import { randomUUID } from 'node:crypto'
import { describeFaults } from '../schema/index.ts'
import type { EntityDefinition } from './entity.ts'
import { randomPassword, randomToken } from './ids.ts'
import { apikey } from './kinds/apikey.ts'
import { globalConfig } from './kinds/global-config.ts'
import { organization } from './kinds/organization.ts'
import { route } from './kinds/route.ts'
import { serviceGroup } from './kinds/service-group.ts'
import { simpleAdminUser } from './kinds/simple-admin-user.ts'
import { team } from './kinds/team.ts'
import { readEntity } from './read.ts'

/** What the first entities depend on; names follow the settings of the same meaning. */
export interface InitialSettings {
  /** Setting `domain`, such as `oto.tools`. */
  readonly domain: string
  /** Port the gateway listens on for HTTP. */
  readonly httpPort: number
  readonly adminApi: {
    /** Subdomain clients call, such as `otoroshi-api`: below `domain` and below `localhost`. */
    readonly exposedSubdomain: string
    /** Subdomain behind the route, such as `otoroshi-admin-internal-api`. */
    readonly targetSubdomain: string
    /** More public hosts. */
    readonly exposedDomains: readonly string[]
    readonly groupId: string
    readonly routeId: string
    readonly clientId: string
    readonly clientSecret: string
  }
  /** Login of the first administrator; default `admin@otoroshi.io`. */
  readonly adminLogin?: string | null
  /** Its password; without one a random one is made. */
  readonly adminPassword?: string | null
  /** Makes the bcrypt hash that is stored. */
  readonly hashPassword: (password: string) => Promise<string>
}

export interface InitialEntities {
  readonly entities: readonly { readonly definition: EntityDefinition; readonly entity: unknown }[]
  readonly admin: {
    readonly username: string
    /** The password in clear when it was made here, to be shown once; null when the settings gave it. */
    readonly generatedPassword: string | null
  }
}

/** Makes them. Rejects with a TypeError when a setting cannot be part of an entity. */
export async function initialEntities(settings: InitialSettings): Promise<InitialEntities> {
  const { adminApi } = settings
  const username = settings.adminLogin ?? 'admin@otoroshi.io'
  const chosen = settings.adminPassword ?? null
  const clear = chosen ?? randomPassword(32)
  const password = await settings.hashPassword(clear)
  return {
    entities: [
      made(organization, {
        id: 'default',
        name: 'Default organization',
        description: 'The default organization',
      }),
      made(team, {
        id: 'default',
        tenant: 'default',
        name: 'Default Team',
        description: 'The default team of the default organization',
      }),
      made(serviceGroup, { id: 'default', name: 'default-group', description: 'The default service group' }),
      made(serviceGroup, {
        id: adminApi.groupId,
        name: 'Otoroshi Admin Api group',
        description: 'The keys granted on this group may call the admin API',
      }),
      made(route, adminRoute(settings)),
      made(apikey, {
        ...key(adminApi.clientId, adminApi.clientSecret, adminApi.groupId),
        clientName: 'Otoroshi Backoffice ApiKey',
        throttlingQuota: 10000,
      }),
      made(apikey, { ...key(randomToken(16), randomToken(64), 'default'), clientName: 'default-apikey' }),
      made(simpleAdminUser, {
        username,
        password,
        label: 'Otoroshi Admin',
        createdAt: Date.now(),
        type: 'SIMPLE',
        rights: [{ tenant: '*', teams: ['*'] }],
      }),
      { definition: globalConfig, entity: globalConfig.template(randomUUID()) },
    ],
    admin: { username, generatedPassword: chosen === null ? clear : null },
  }
}

function made<T>(definition: EntityDefinition<T>, given: object) {
  const parsed = readEntity(definition, given)
  if (!parsed.ok) throw new TypeError(`initial ${definition.kind}: ${describeFaults(parsed.faults)}`)
  return { definition, entity: parsed.value }
}

// Both forms of the grant, as upstream writes them.
function key(clientId: string, clientSecret: string, group: string) {
  return {
    clientId,
    clientSecret,
    authorizedEntities: [`group_${group}`],
    authorizations: [{ kind: 'group', id: group }],
  }
}

// The target is the one upstream stores. Calls do not go there: the data plane hands them to the control plane.
function adminRoute({ domain, httpPort, adminApi }: InitialSettings) {
  const { exposedSubdomain, targetSubdomain, exposedDomains, groupId, routeId } = adminApi
  const hosts = [`${exposedSubdomain}.${domain}`, `${exposedSubdomain}.localhost`, ...exposedDomains]
  return {
    id: routeId,
    name: 'otoroshi-admin-api',
    description: 'The admin API',
    groups: [groupId],
    frontend: { domains: [...new Set(hosts.map(host => host.toLowerCase()))] },
    backend: {
      targets: [
        {
          id: 'admin-api',
          hostname: `${targetSubdomain}.${domain}`,
          port: httpPort,
          ip_address: '127.0.0.1',
        },
      ],
    },
    plugins: [
      { plugin: 'cp:otoroshi.next.plugins.OverrideHost' },
      { plugin: 'cp:otoroshi.next.plugins.ApikeyCalls' },
    ],
  }
}
