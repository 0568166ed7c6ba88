/** The entities of a kind of which there may be a million: texts in memory that the data plane shares, no object for each. */
import type { EntityDefinition } from '../model/entity.ts'
import { SharedTextsWriter } from '../revision/shared-texts-writer.ts'
import type { EntityList } from './entity-list.ts'
import { FieldHashes, UNSURE } from './field-hashes.ts'
import { FieldTexts } from './field-texts.ts'
import { IndexedEntity } from './indexed-entity.ts'
import { KeyOrder } from './key-order.ts'
import type { KindTable } from './kind-table.ts'

/** Entities up to which a filter looks at all of them. */
const FEW = 5000
/** Fields whose values are known; the one asked for longest ago is forgotten. */
const MOST_FIELDS = 6
/** Fields whose texts are known. They cost what the texts are long. */
const MOST_TEXTS = 3

export class SharedTable implements KindTable {
  readonly texts = new SharedTextsWriter()
  readonly #definition: EntityDefinition
  readonly #prefix: string
  readonly #order = new KeyOrder(this.texts)
  readonly #hashes = new Map<string, FieldHashes>()
  readonly #fieldTexts = new Map<string, FieldTexts>()

  /** `prefix`: what the store keys of the kind begin with. The kind must have neither scope nor a single entity. */
  constructor(definition: EntityDefinition, prefix: string) {
    this.#definition = definition
    this.#prefix = prefix
  }

  get size(): number {
    return this.texts.size
  }

  get(key: string): IndexedEntity | null {
    const entry = this.texts.find(key.slice(this.#prefix.length))
    return entry < 0 ? null : this.entityAt(this.texts.unitOf(entry))
  }

  set({ id, json, revision, isComplete }: IndexedEntity): void {
    this.#put(id, json, revision, isComplete)
  }

  /** One of the entities that are there at the start, in any order. */
  load(id: string, json: string, revision: number): void {
    const { size } = this.texts
    const entry = this.texts.set(id, json, revision, false)
    if (this.texts.size > size) this.#order.addUnsorted(entry)
  }

  /** Makes lists ready, which the first one would have to wait for. */
  prepare(): Promise<void> {
    return this.#order.prepare()
  }

  #put(id: string, json: string, revision: number, complete: boolean): void {
    const { size } = this.texts
    const entry = this.texts.set(id, json, revision, complete)
    if (this.texts.size > size) this.#order.add(entry, id)
    this.#written(entry)
  }

  delete({ id }: IndexedEntity): void {
    const entry = this.texts.delete(id)
    if (entry < 0) return
    this.#written(entry)
    this.#order.remove(entry, id)
  }

  #written(entry: number): void {
    for (const field of this.#hashes.values()) field.update(entry)
    for (const field of this.#fieldTexts.values()) field.update(entry)
  }

  /** Ids of all, in any order. */
  *ids(): Generator<string> {
    for (let entry = 0; entry < this.texts.entryCount; entry++)
      if (this.texts.has(entry)) yield this.texts.idOf(entry)
  }

  list(): EntityList {
    return this.#listOf(this.#order.entries())
  }

  page(from: number, to: number): IndexedEntity[] {
    const entries = this.#order.entries().subarray(from, to)
    return Array.from(entries, entry => this.entityAt(this.texts.unitOf(entry)))
  }

  async having(field: string, text: string): Promise<EntityList | null> {
    if (field === this.#definition.idField) {
      const entry = this.texts.find(text)
      return this.#listOf(entry < 0 ? [] : [entry])
    }
    const wanted = FieldHashes.of(text)
    if (wanted === null || this.size <= FEW) return null
    const known = lately(this.#hashes, field, MOST_FIELDS, () => new FieldHashes(this.texts, field))
    await known.built()
    const found = [...known.having(wanted), ...known.having(UNSURE)].filter(entry => this.texts.has(entry))
    return this.#listOf(this.#order.inOrder(found))
  }

  async holding(field: string, texts: readonly string[]): Promise<EntityList | null> {
    if (this.size <= FEW) return null
    const known = lately(this.#fieldTexts, field, MOST_TEXTS, () => new FieldTexts(this.texts, field))
    await known.built()
    const found = known.holding(texts)
    return found === null ? null : this.#listOf(this.#order.inOrder([...found]))
  }

  #listOf(entries: ArrayLike<number>): EntityList {
    const units = Uint32Array.from(entries, entry => this.texts.unitOf(entry))
    const list = new UnitList(units, unit => this.entityAt(unit))
    this.texts.retain(list)
    return list
  }

  /** The entity whose text is at a place. */
  entityAt(unit: number): IndexedEntity {
    const { id, text, revision, complete } = this.texts.readAt(unit)
    return new IndexedEntity(this.#definition, id, this.#prefix + id, text, revision, complete)
  }
}

/** What is known of a field, made if need be; more than `most` fields are not kept. */
function lately<T>(known: Map<string, T>, field: string, most: number, make: () => T): T {
  const found = known.get(field) ?? make()
  known.delete(field)
  known.set(field, found)
  if (known.size > most) known.delete(known.keys().next().value!)
  return found
}

/** Made one by one when looked at. Each list holds the texts of its moment as long as it is held itself. */
class UnitList implements EntityList {
  readonly #units: Uint32Array
  readonly #make: (unit: number) => IndexedEntity

  constructor(units: Uint32Array, make: (unit: number) => IndexedEntity) {
    this.#units = units
    this.#make = make
  }

  get length(): number {
    return this.#units.length
  }

  at(index: number): IndexedEntity | undefined {
    const unit = this.#units.at(index)
    return unit === undefined ? undefined : this.#make(unit)
  }

  *[Symbol.iterator](): Iterator<IndexedEntity> {
    for (const unit of this.#units) yield this.#make(unit)
  }

  filter(wanted: (entity: IndexedEntity) => boolean): IndexedEntity[] {
    const found: IndexedEntity[] = []
    for (const entity of this) if (wanted(entity)) found.push(entity)
    return found
  }

  map<T>(make: (entity: IndexedEntity) => T): T[] {
    return Array.from(this, make)
  }

  slice(from?: number, to?: number): IndexedEntity[] {
    return Array.from(this.#units.subarray(from, to), unit => this.#make(unit))
  }
}
