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

/** Milliseconds of looking before others get their turn. */
const SLICE = 5

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
  const { control } = call.services
  const asked = listQuery(call.query)
  const query = only === null ? asked : { ...asked, accepts: both(only, asked.accepts) }
  const everything = call.caller.rights.isSuper
  const start = query.pageSize === Number.POSITIVE_INFINITY ? 0 : (query.page - 1) * query.pageSize
  const end = start + query.pageSize
  const past = query.pageSize === Number.POSITIVE_INFINITY && query.page > 1
  const looks = query.accepts !== null || query.sort.length > 0
  if (everything && !looks) {
    const total = control.count(definition)
    const entities = past ? [] : control.page(definition, start, end)
    return { readable: total, total, pages: pagesOf(total, query), query, entities }
  }
  const all = everything ? await maybeFitting(call, definition, query) : await readableOf(call, definition)
  const chosen = looks ? sorted(await candidates(all, query), query) : all.slice()
  return {
    readable: everything ? control.count(definition) : all.length,
    total: chosen.length,
    pages: pagesOf(chosen.length, query),
    query,
    entities: past ? [] : chosen.slice(start, end),
  }
}

/** How many entities of a kind the caller may read. */
export async function countReadable(call: Call, definition: EntityDefinition): Promise<number> {
  if (call.caller.rights.isSuper) return call.services.control.count(definition)
  return (await readableOf(call, definition)).length
}

function pagesOf(total: number, { pageSize }: ListQuery): number {
  return Math.ceil(total / Math.min(pageSize, Math.max(total, 1)))
}

async function readableOf(call: Call, definition: EntityDefinition): Promise<readonly IndexedEntity[]> {
  const readable: IndexedEntity[] = []
  let looked = 0
  for (const entity of call.services.control.list(definition)) {
    if (++looked % 500 === 0) await turn()
    if (mayRead(call.caller, definition, entity)) readable.push(entity)
  }
  return readable
}

/** Entities among which are all that fit. */
async function maybeFitting(call: Call, definition: EntityDefinition, query: ListQuery): Promise<Entities> {
  const { control } = call.services
  for (const [field, text] of query.exact) {
    const some = await control.having(definition, field, text)
    if (some !== null) return some
  }
  for (const [field, texts] of query.parts) {
    const some = await control.holding(definition, field, texts)
    if (some !== null) return some
  }
  return control.list(definition)
}

type Entities = Iterable<IndexedEntity> & Pick<readonly IndexedEntity[], 'length' | 'slice'>

type Test = (entity: Record<string, unknown>) => boolean

function both(one: Test, other: Test | null): Test {
  return other === null ? one : entity => one(entity) && other(entity)
}

async function candidates(entities: Iterable<IndexedEntity>, query: ListQuery): Promise<Candidate[]> {
  const found: Candidate[] = []
  let until = performance.now() + SLICE
  for (const entity of entities) {
    if (performance.now() > until) {
      await turn()
      until = performance.now() + SLICE
    }
    // Not even a filter may ask for what is not shown: it could be guessed letter by letter.
    const view = viewOf(entity)
    if (query.accepts === null || query.accepts(view))
      found.push({ entity, keys: sortKeys(view, query.sort) })
  }
  return found
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function sorted(found: Candidate[], query: ListQuery): IndexedEntity[] {
  const numeric = query.sort.map((_, i) => typeof found[0]?.keys[i] === 'number')
  if (query.sort.length > 0) found.sort((a, b) => compareSortKeys(a.keys, b.keys, query.sort, numeric))
  return found.map(candidate => candidate.entity)
}
