/**
 * An entity kind is described once (law 8): its schema gives the type, validation, template, OpenAPI and form; the rest
 * says where it lives in the store and in the admin API. Adding a kind is adding one file under `model/kinds/`.
 */
import type { Schema } from '../schema/index.ts'
import type { ReferenceField } from './references.ts'

/** Which operations the admin API offers on a kind. */
export interface EntityAccess {
  readonly read: boolean
  readonly create: boolean
  readonly update: boolean
  readonly delete: boolean
  readonly bulk: boolean
}

/** What a template may depend on besides the new id. Everything is optional. */
export interface TemplateContext {
  /** Setting `otoroshi.routeBaseDomain`: domain of a new route. */
  readonly routeBaseDomain?: string
  /** Setting `otoroshi.domain`. */
  readonly domain?: string
  /** Organization of the caller. */
  readonly tenant?: string
  /** Variant asked for (`?type=` of data exporters and auth modules). */
  readonly type?: string
  /** True when the gateway is exposed over https. */
  readonly secure?: boolean
}

/** Schemas by the value of a field. A value without a schema is described by the kind's own. */
export interface EntityVariants {
  readonly field: string
  readonly schemas: Readonly<Record<string, Schema>>
}

/** Where an entity lists people with passwords. */
export interface PeopleWithPasswords {
  readonly list: string
  /** Field of a person that tells him from others, and the one of his password. */
  readonly name: string
  readonly password: string
  /** Value of the field of the kind's `variants` for which it holds. */
  readonly variant: string
}

/** Why a change is refused though both ends of it are valid. */
export interface ChangeFault {
  /** For programs: value of `error` in the answer. */
  readonly code: string
  readonly description: string
  /** More fields of the answer. */
  readonly more: Readonly<Record<string, unknown>>
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
  /** Schemas that hold in place of `schema` for kinds whose fields depend on a type. */
  readonly variants?: EntityVariants
  /** A fresh default object, as `_template` answers it. `newId` is a generated id. */
  template(newId: string, context?: TemplateContext): T
  /** False when the admin API must answer that the kind has no template. Absent: it has one. */
  readonly hasTemplate?: boolean
  /** Rewrites accepted shortcuts and old spellings before validation. Must not change its argument. */
  readonly normalize?: (input: Readonly<Record<string, unknown>>) => Record<string, unknown>
  /** Checks beyond the schema; answers faults as sentences. */
  validate?(entity: T): readonly string[]
  /** Rules on changes made through the admin API. An import is not judged: it restores what was. */
  judge?(before: T | null, after: T): ChangeFault | null
  /** True when the data plane needs the kind: writes travel in revisions. */
  readonly served: boolean
  /**
   * There may be very many of them: kept as texts in memory that the data plane shares, without an object for each.
   * `looked-up`: it needs one only when a request names it; `listed`: it knows which there are. Only for kinds without
   * `singleton` and `scopeField`.
   */
  readonly numerous?: 'looked-up' | 'listed'
  /** The only id of a kind that has one object; its storage key is `storageKey` alone. */
  readonly singleton?: string
  /** Field whose value comes before the id in the storage key: `tenant` gives `otoroshi:teams:<tenant>:<id>`. */
  readonly scopeField?: string
  /** Field that holds the end of its life, epoch milliseconds: the store forgets it then. */
  readonly expiryField?: string
  /** Kind whose storage this one shares: the same entities under another name. */
  readonly aliasOf?: string
  /** Answers carry `Otoroshi-Api-Deprecated: yes`. */
  readonly deprecated?: boolean
  /** Fields that hold ids of other entities, besides those of its owner. */
  readonly references?: readonly ReferenceField[]
  /** Fields that hold passwords: taken in clear, kept hashed, never shown (see passwords.ts). */
  readonly passwords?: readonly string[]
  /** A list of people whose passwords are taken in clear and kept hashed. */
  readonly people?: PeopleWithPasswords
  /** Id of the admin extension that brings the kind. */
  readonly extension?: string
}

/** Every operation offered: the case of most kinds. */
export const fullAccess: EntityAccess = Object.freeze({
  read: true,
  create: true,
  update: true,
  delete: true,
  bulk: true,
})

/** The schema that describes `input`: that of its variant, or the kind's. */
export function schemaFor<T>(
  { schema, variants }: Pick<EntityDefinition<T>, 'schema' | 'variants'>,
  input: Readonly<Record<string, unknown>>,
): Schema<T> {
  const value = variants === undefined ? undefined : input[variants.field]
  if (variants === undefined || typeof value !== 'string' || !Object.hasOwn(variants.schemas, value))
    return schema
  return variants.schemas[value] as Schema<T>
}

/** Declares an entity kind. Identity function that carries the type. */
export function defineEntity<T>(definition: EntityDefinition<T>): EntityDefinition<T> {
  return definition
}
