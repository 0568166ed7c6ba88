/** What the admin API needs from the rest of the process. Filled by whoever wires the process. */
import type { ControlPlane } from '../control/control-plane.ts'
import type { AuthModuleCheck } from './auth-check-api.ts'
import type { KeptAnswers } from './cache-api.ts'
import type { FlowReports } from './flows-api.ts'
import type { SnowMonkeyDesk } from './snow-monkey-api.ts'
import type { QuotaBook } from './quotas-api.ts'
import type { TemplateContext } from '../model/entity.ts'
import type { EntityFault, EntityWrite } from '../revision/delta.ts'

/** A request to be explained, past the reading of its JSON. */
export interface ExplainRequest {
  readonly method: string
  /** Absolute, or a path with the host in `headers`. */
  readonly url: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  /** Identity of the listener it would come in on; null: the default one. */
  readonly listener: string | null
}

/** A plugin as `/api/plugins/all` lists it. Field names are upstream's. */
export interface PluginListing {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly plugin_categories: readonly string[]
  readonly plugin_steps: readonly string[]
  readonly plugin_tags: readonly string[]
  readonly [more: string]: unknown
}

/** Takes events of the admin API. */
export interface AuditPort {
  /** True when somebody exports events. */
  readonly wanted: boolean
  emit(event: Readonly<Record<string, unknown>>): void
}

export interface AdminApiLimits {
  /** Largest body, and largest line of a bulk call, in bytes. */
  readonly maxBody: number
  /** Largest import, in bytes. */
  readonly maxImport: number
  /** Largest YAML body, in bytes: reading YAML costs far more than JSON. */
  readonly maxYaml: number
  /** Values one YAML body may hold. */
  readonly maxYamlValues: number
  /** Values one JSON body may hold. */
  readonly maxValues: number
  /** Bytes of bulk lines read ahead, and of bulk answers kept for a client that does not read yet. */
  readonly readAhead: number
  readonly answersKept: number
}

export const defaultAdminApiLimits: AdminApiLimits = {
  maxBody: 16 * 1024 * 1024,
  maxImport: 2 * 1024 * 1024 * 1024,
  maxYaml: 1024 * 1024,
  maxYamlValues: 50_000,
  maxValues: 1_000_000,
  readAhead: 1024 * 1024,
  answersKept: 64 * 1024 * 1024,
}

export interface AdminApiServices {
  readonly control: ControlPlane
  /** Header that proves that a request came through the gateway, and its value: random, made at each start. */
  readonly token: { readonly header: string; readonly value: string }
  /**
   * Header in which the gateway names the API key (client id) that was checked, overwriting what a client sent. Once
   * set, calls without it have no rights.
   */
  readonly callerHeader?: string
  /** Header in which the gateway names the address of the client, overwriting what a client sent. */
  readonly clientHeader?: string
  /** Headers in which a client names an API key; default Otoroshi's. */
  readonly keyHeaders?: { readonly id: string; readonly secret: string }
  /** Route and service group of the admin API itself; absent: every key is taken for one of the admin API. */
  readonly adminRoute?: { readonly routeId: string; readonly groupId: string }
  readonly limits?: Partial<AdminApiLimits>
  /** Setting `otoroshi.adminapi.entity_validators`: validators by kind that hold for every acting user. */
  readonly entityValidators?: Readonly<Record<string, unknown>>
  /** Version text, such as `18.0.0`. */
  readonly version: string
  /** Environment name; other than `prod` it is part of generated ids. */
  readonly env?: string
  readonly template?: TemplateContext
  /** Setting `otoroshi.options.defaultPrettyAdminApi`; default true. */
  readonly pretty?: boolean
  /** Why a request would be answered as it would. */
  explain(request: ExplainRequest): Promise<unknown>
  /** What would close the route of the admin API if these were all entities; absent: not asked. Writes nothing. */
  closedBy?(writes: readonly EntityWrite[]): Promise<readonly EntityFault[]>
  /** What the monitoring endpoints would answer; absent: `/apis/health` and `/apis/metrics` are not there. */
  monitoring?(
    topic: 'health' | 'metrics',
    query: URLSearchParams,
    accept: string | undefined,
  ): { readonly status: number; readonly contentType: string; readonly body: string }
  /** The data-plane threads and the revision each serves. */
  threads(): unknown
  /** Events produced, delivered, dropped and pending (law 7). */
  ledger(): unknown
  /** Where audit events go; absent: nowhere. Nothing is built unless they are wanted. */
  readonly audit?: AuditPort
  plugins(): Promise<readonly PluginListing[]>
  /** What API keys have used; absent: `…/quotas` is not there. */
  readonly quotas?: QuotaBook
  /** Flow reports; absent: `/api/flows` is not there. */
  readonly flows?: FlowReports
  /** The snow monkey; absent: its outages are not there. */
  readonly snowMonkey?: SnowMonkeyDesk
  /** Kept answers of backends; absent: none are kept. */
  readonly keptAnswers?: KeptAnswers
  /** Tries auth modules; absent: `…/_check` is not there. */
  readonly checkAuthModule?: AuthModuleCheck
  /** Driver of the store, for `/api/infos`. */
  readonly datastore?: string
  /** bcrypt hash of a password; absent: entities with a password in clear are refused. */
  hashPassword?(password: string): Promise<string>
  /** True when the hash is that of the password; absent: the same password again is a change. */
  passwordMatches?(password: string, hash: string): Promise<boolean>
  /** Told of failures behind a 500. Default: a process warning. */
  onFailure?(error: unknown, what: string): void
}
