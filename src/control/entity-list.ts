import type { IndexedEntity } from './indexed-entity.ts'

/** Entities of a kind as they were when it was asked for, in key order. A list of entities is one. */
export interface EntityList extends Iterable<IndexedEntity> {
  readonly length: number
  at(index: number): IndexedEntity | undefined
  filter(wanted: (entity: IndexedEntity) => boolean): IndexedEntity[]
  map<T>(make: (entity: IndexedEntity) => T): T[]
  slice(from?: number, to?: number): IndexedEntity[]
}
