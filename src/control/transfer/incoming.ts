/**
 * What an import brings, validated as it is read: entities in their normal form, and everything that speaks against it.
 *
 * Guarantees: nothing that was read is silently lost: it is an entity, kept, a fault, or counted as left out. Nothing is
 * written here.
 */
import { checkJson } from '../../model/check-json.ts'
import type { EntityDefinition } from '../../model/entity.ts'
import { equalJson } from '../../model/equal-json.ts'
import { idOf, readEntity } from '../../model/read.ts'
import { storageKeyOf } from '../../model/storage-key.ts'
import { isObject } from '../../model/types/shape.ts'
import type { SchemaFault } from '../../schema/index.ts'
import type { Change } from '../../store/contract.ts'
import { checkChange } from '../../store/keys.ts'
import type { IncomingEntity } from '../replacement.ts'
import { isHistoryKey } from '../history/history-keys.ts'
import { type Kept, keptKey, keptText, readKept, type SetAside } from './kept.ts'

/** Something that must not be imported. */
export interface Invalid {
  /** Place in the file, such as `routes.3` or `line 12`. */
  readonly where: string
  readonly kind: string | null
  readonly id: string | null
  readonly faults: readonly SchemaFault[]
}

/** Faults and warnings that are told; the others are counted. */
const mostTold = 200

/** Kinds whose entities end by themselves. */
const sessions = new Set(['AdminSession', 'AuthModuleUser'])

export class Incoming {
  readonly root: string
  /** By their store keys. */
  readonly entities = new Map<string, IncomingEntity>()
  readonly invalid: Invalid[] = []
  readonly warnings: string[] = []
  /** Values left out, by the reason. */
  readonly leftOut = new Map<string, number>()
  invalidCount = 0
  readonly #now: number
  readonly #invalidKeys = new Set<string>()
  readonly #raw: Change[] = []
  readonly #foreign: Record<string, Record<string, unknown[]>> = {}
  #stats: Record<string, unknown> | null = null
  #adminRoute: SetAside | null = null

  /** `root`: setting `storageRoot`. `now`: epoch milliseconds. */
  constructor(root: string, now = Date.now()) {
    this.root = root
    this.#now = now
  }

  /** An entity as it was written. `expected`: the id its key stands for. `expiresAt`: epoch milliseconds, 0 for never. */
  add(
    definition: EntityDefinition,
    input: unknown,
    where: string,
    { expected = null, expiresAt = 0 }: { expected?: string | null; expiresAt?: number } = {},
  ): void {
    const parsed = readEntity(definition, input)
    const id = idOf(definition, parsed.ok ? parsed.value : input)
    const faults = parsed.ok ? idFaults(definition, id, expected) : parsed.faults
    if (!parsed.ok || id === null || faults.length > 0) this.#refuse(where, definition, id, input, faults)
    else this.#take({ definition, id, entity: parsed.value, expiresAt }, where)
  }

  #take({ definition, id, entity, expiresAt }: Read, where: string): void {
    const ends = endOf(definition, entity) ?? expiresAt
    const key = this.#keyOf(definition, id, entity)
    const json = JSON.stringify(entity)
    const fault = changeFault({ key, value: json })
    const other = this.entities.get(key)
    if (ends !== 0 && ends <= this.#now) this.leaveOut('expired')
    else if (fault !== null)
      this.#refuse(where, definition, id, entity, [{ path: definition.idField, message: fault }])
    else {
      if (other !== undefined && other.json !== json)
        this.warn(`${where}: ${definition.kind} ${id} is there more than once; the last one counts`)
      this.entities.set(key, { definition, id, key, json, expiresAt: ends })
    }
  }

  /** A stored value that is no entity. */
  addRaw(key: string, value: string, where: string, expiresAt: number): void {
    const fault = changeFault({ key, value })
    if (key === keptKey(this.root)) this.#keepAll(readKept(value))
    // What was done is not for an import to say.
    else if (isHistoryKey(this.root, key)) this.leaveOut('history')
    else if (expiresAt !== 0 && expiresAt <= this.#now) this.leaveOut('expired')
    else if (fault !== null) this.fault(where, fault)
    else this.#raw.push({ key, value, expiresAt })
  }

  /** Entities of an extension nobody knows. */
  keep(extension: string, plural: string, list: readonly unknown[], where: string): void {
    const fault = checkJson(list)
    if (fault !== null || extension === '__proto__' || plural === '__proto__') {
      this.fault(where, fault?.message ?? 'The name is not accepted')
      return
    }
    if (!Object.hasOwn(this.#foreign, extension)) this.#foreign[extension] = {}
    this.#foreign[extension]![plural] = [...list]
  }

  keepStats(stats: Record<string, unknown>): void {
    // Counters at zero say nothing.
    if (checkJson(stats) === null && Object.values(stats).some(value => value !== 0)) this.#stats = stats
  }

  /** Something that is no entity and must not be there. */
  fault(where: string, message: string): void {
    this.#note({ where, kind: null, id: null, faults: [{ path: '', message }] })
  }

  warn(message: string): void {
    if (this.warnings.length < mostTold) this.warnings.push(message)
  }

  leaveOut(reason: string): void {
    this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + 1)
  }

  /** The entity of a kind under an id, as text. */
  find(definition: EntityDefinition, id: string): string | null {
    return this.entities.get(this.#keyOf(definition, id, {}))?.json ?? null
  }

  /** Takes an entity out again: what is there under its key stays. */
  withdraw(definition: EntityDefinition, id: string): void {
    this.entities.delete(this.#keyOf(definition, id, {}))
  }

  /** Keeps the route of the admin API that is not taken. */
  keepAdminRoute(setAside: SetAside): void {
    this.#adminRoute = setAside
  }

  get kept(): Kept {
    return { extensions: this.#foreign, stats: this.#stats, adminRoute: this.#adminRoute }
  }

  /** True when something invalid was to be written there: it is no removal. */
  isInvalidKey(key: string): boolean {
    return this.#invalidKeys.has(key)
  }

  /** What is to be written besides entities. `stored`: the kept value that is there. */
  changes(stored: string | null): readonly Change[] {
    const key = keptKey(this.root)
    const value = keptText(this.kept)
    if (equalJson(this.kept, readKept(stored))) return this.#raw
    const fault = value === null ? null : changeFault({ key, value })
    if (fault !== null) this.fault('extensions', fault)
    return [...this.#raw, { key, value }]
  }

  #keepAll({ extensions, stats, adminRoute }: Kept): void {
    for (const [extension, kinds] of Object.entries(extensions))
      for (const [plural, list] of Object.entries(kinds))
        this.keep(extension, plural, list, `extensions.${extension}`)
    if (stats !== null) this.keepStats({ ...stats })
    if (adminRoute !== null && checkJson(adminRoute.imported) === null) this.#adminRoute = adminRoute
  }

  #refuse(
    where: string,
    definition: EntityDefinition,
    id: string | null,
    input: unknown,
    faults: readonly SchemaFault[],
  ): void {
    if (id !== null) this.#invalidKeys.add(this.#keyOf(definition, id, input))
    this.#note({ where, kind: definition.kind, id, faults })
  }

  #note(invalid: Invalid): void {
    this.invalidCount++
    if (this.invalid.length < mostTold) this.invalid.push(invalid)
  }

  #keyOf(definition: EntityDefinition, id: string, entity: unknown): string {
    const scope =
      definition.scopeField !== undefined && isObject(entity) ? entity[definition.scopeField] : undefined
    return storageKeyOf(this.root, definition, id, typeof scope === 'string' ? scope : undefined)
  }
}

interface Read {
  readonly definition: EntityDefinition
  readonly id: string
  readonly entity: unknown
  readonly expiresAt: number
}

function idFaults(
  { idField }: EntityDefinition,
  id: string | null,
  expected: string | null,
): readonly SchemaFault[] {
  if (id === null) return [{ path: idField, message: 'Required' }]
  if (expected === null || id === expected) return []
  return [{ path: idField, message: `Expected ${JSON.stringify(expected)}, the id in the key` }]
}

/** When a session ends by what it says itself, epoch milliseconds. */
export function endOf(definition: EntityDefinition, entity: unknown): number | null {
  if (!sessions.has(definition.kind) || !isObject(entity)) return null
  const end = entity['expiredAt']
  return typeof end === 'number' && Number.isSafeInteger(end) && end > 0 ? end : null
}

function changeFault(change: Change): string | null {
  try {
    checkChange(change)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be stored'
  }
}
