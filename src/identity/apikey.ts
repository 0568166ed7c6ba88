/**
 * An API key as whoever serves a request sees it.
 *
 * Guarantees: nothing is decided from an unvalidated entity; grants are the union of the three ways an entity spells them; the parsed
 * entity is shared and never changed. Not done here: looking keys up, judging secrets, counting calls.
 */
import { type Apikey, apikey as apikeyKind } from '../model/kinds/apikey.ts'
import { readEntityText } from '../model/read.ts'

/** What a key may be granted on. */
export type GrantKind = 'group' | 'service' | 'route' | 'route-composition' | 'api'

/** A key, read-only. */
export interface ApikeyView {
  readonly clientId: string
  readonly clientName: string
  readonly clientSecret: string
  /** The secret to come while the key rotates, else null. Both secrets are good then. */
  readonly nextSecret: string | null
  /** The stored flag alone; `usableAt` also looks at `validUntil`. */
  readonly enabled: boolean
  /** End of validity, epoch milliseconds, or null. */
  readonly validUntil: number | null
  readonly readOnly: boolean
  readonly allowClientIdOnly: boolean
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  readonly restrictions: Apikey['restrictions']
  /** The whole entity, unknown fields included. */
  readonly json: Readonly<Apikey>
  /** Enabled and not expired at `now` (epoch milliseconds). */
  usableAt(now: number): boolean
  grantedOn(kind: GrantKind, id: string): boolean
  /** What backends and events may see of a key: no secret. */
  light(): LightApikey
}

export interface LightApikey {
  readonly clientId: string
  readonly clientName: string
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly string[]
}

/** Reads the stored text of a key. Null when it is not a valid key: such a key opens nothing. */
export function readApikey(text: string): ApikeyView | null {
  const parsed = readEntityText(apikeyKind, text)
  return parsed.ok ? viewApikey(parsed.value) : null
}

/** The view of a validated entity, which must not change afterwards. */
export function viewApikey(entity: Apikey): ApikeyView {
  return new ParsedApikey(entity)
}

class ParsedApikey implements ApikeyView {
  readonly json: Readonly<Apikey>
  #grants: ReadonlySet<string> | null = null

  constructor(entity: Apikey) {
    this.json = entity
  }

  get clientId(): string {
    return this.json.clientId
  }

  get clientName(): string {
    return this.json.clientName
  }

  get clientSecret(): string {
    return this.json.clientSecret
  }

  get nextSecret(): string | null {
    return this.json.rotation.enabled ? (this.json.rotation.nextSecret ?? null) : null
  }

  get enabled(): boolean {
    return this.json.enabled
  }

  get validUntil(): number | null {
    return this.json.validUntil
  }

  get readOnly(): boolean {
    return this.json.readOnly
  }

  get allowClientIdOnly(): boolean {
    return this.json.allowClientIdOnly
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.json.metadata
  }

  get tags(): readonly string[] {
    return this.json.tags
  }

  get restrictions(): Apikey['restrictions'] {
    return this.json.restrictions
  }

  usableAt(now: number): boolean {
    return this.json.enabled && (this.json.validUntil === null || now < this.json.validUntil)
  }

  grantedOn(kind: GrantKind, id: string): boolean {
    this.#grants ??= grantsOf(this.json)
    return this.#grants.has(`${kind}:${id}`)
  }

  light(): LightApikey {
    const { clientId, clientName, metadata, tags } = this.json
    return { clientId, clientName, metadata, tags }
  }
}

/** Longer prefixes first: `route-composition_x` must not be read as the group of that name. */
const PREFIXES: readonly GrantKind[] = ['route-composition', 'service', 'route', 'group', 'api']

function grantsOf(entity: Readonly<Apikey>): ReadonlySet<string> {
  const grants = new Set<string>()
  for (const { kind, id } of entity.authorizations)
    grants.add(`${(PREFIXES as readonly string[]).includes(kind) ? kind : 'group'}:${id}`)
  for (const text of entity.authorizedEntities) grants.add(grantOf(text))
  if (entity.authorizedGroup !== null) grants.add(grantOf(entity.authorizedGroup))
  return grants
}

/** `route_x` is the route x; a text without a known prefix is a group. */
function grantOf(text: string): string {
  const kind = PREFIXES.find(prefix => text.startsWith(`${prefix}_`))
  return kind === undefined ? `group:${text}` : `${kind}:${text.slice(kind.length + 1)}`
}
