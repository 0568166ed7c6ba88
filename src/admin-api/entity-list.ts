/** Which entities a list shows: readable ones, filtered, sorted and cut to the page, without keeping them parsed. */
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import type { Call } from './call.ts'
import { mayRead } from './entity-rights.ts'
import { viewOf } from './entity-view.ts'
import { compareSortKeys, type ListQuery, listQuery, sortKeys } from './list-query.ts'

export interface EntityList {
  /** Readable entities before filtering. */
  readonly readable: number
  /** Entities after filtering. */
  readonly total: number
  readonly pages: number
  readonly query: ListQuery
  /** The page. */
  readonly entities: readonly IndexedEntity[]
}

interface Candidate {
  readonly entity: IndexedEntity
  readonly keys: readonly unknown[]
}

/** Answers the page that the query asks for, of the entities that fit `only`. Lets other work run while many entities are looked into. */
export async function listEntities(
  call: Call,
  definition: EntityDefinition,
  only: ((entity: Record<string, unknown>) => boolean) | null = null,
): Promise<EntityList> {
  const asked = listQuery(call.query)
  const query = only === null ? asked : { ...asked, accepts: both(only, asked.accepts) }
  const all = call.services.control.list(definition)
  const readable = all.filter(entity => mayRead(call.caller, definition, entity))
  const looks = query.accepts !== null || query.sort.length > 0
  const chosen = looks ? sorted(await candidates(readable, query), query) : readable
  const start = query.pageSize === Number.POSITIVE_INFINITY ? 0 : (query.page - 1) * query.pageSize
  const past = query.pageSize === Number.POSITIVE_INFINITY && query.page > 1
  return {
    readable: readable.length,
    total: chosen.length,
    pages: Math.ceil(chosen.length / Math.min(query.pageSize, Math.max(chosen.length, 1))),
    query,
    entities: past ? [] : chosen.slice(start, start + query.pageSize),
  }
}

type Test = (entity: Record<string, unknown>) => boolean

function both(one: Test, other: Test | null): Test {
  return other === null ? one : entity => one(entity) && other(entity)
}

async function candidates(entities: readonly IndexedEntity[], query: ListQuery): Promise<Candidate[]> {
  const found: Candidate[] = []
  for (const [i, entity] of entities.entries()) {
    if (i % 200 === 199) await new Promise(resolve => setImmediate(resolve))
    // Not even a filter may ask for what is not shown: it could be guessed letter by letter.
    const view = viewOf(entity)
    if (query.accepts === null || query.accepts(view))
      found.push({ entity, keys: sortKeys(view, query.sort) })
  }
  return found
}

function sorted(found: Candidate[], query: ListQuery): IndexedEntity[] {
  const numeric = query.sort.map((_, i) => typeof found[0]?.keys[i] === 'number')
  if (query.sort.length > 0) found.sort((a, b) => compareSortKeys(a.keys, b.keys, query.sort, numeric))
  return found.map(candidate => candidate.entity)
}
