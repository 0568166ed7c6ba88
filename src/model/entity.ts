/**
 * An entity kind is described once (law 8): its schema gives the type, validation, template, OpenAPI and form; the rest
 * says where it lives in the store and in the admin API. Adding a kind is adding one file under `model/kinds/`.
 */
import type { Schema } from '../schema/index.ts'

/** Which operations the admin API offers on a kind. */
export interface EntityAccess {
  readonly read: boolean
  readonly create: boolean
  readonly update: boolean
  readonly delete: boolean
  readonly bulk: boolean
}

export interface EntityDefinition<T = unknown> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  /** Name of the field that holds the id (`id`, `clientId`, `serviceId` …). */
  readonly idField: string
  /** Part of the storage key between the root and the id: `routes` gives `otoroshi:routes:<id>`. */
  readonly storageKey: string
  /** Prefix of generated ids: `route` gives `route_<uuid>`. */
  readonly idPrefix: string
  /** Path under the admin API's legacy root (`/api/routes`), or null. */
  readonly legacyPath: string | null
  readonly access: EntityAccess
  readonly schema: Schema<T>
  /** A fresh default object, as `_template` answers it. `newId` is a generated id. */
  template(newId: string): T
  /** Checks beyond the schema; answers faults as sentences. */
  readonly validate?: (entity: T) => readonly string[]
  /** True when the data plane needs the kind: writes travel in revisions. */
  readonly served: boolean
}

/** Declares an entity kind. Identity function that carries the type. */
export function defineEntity<T>(definition: EntityDefinition<T>): EntityDefinition<T> {
  return definition
}
