/**
 * The JSON export in upstream's shape, made while it is sent: one entity a line, every kind.
 *
 * Guarantees: the entities of one revision, whatever is written meanwhile; the memory of a list of references.
 */
import type { EntityDefinition } from '../../model/entity.ts'
import type { EntityList } from '../entity-list.ts'
import { endOf } from './incoming.ts'
import type { Kept, SetAside } from './kept.ts'
import { extensionSections, sections } from './sections.ts'
import { Turns } from '../turns.ts'

/** Whoever knows all entities. */
export interface ExportSource {
  list(definition: EntityDefinition): EntityList
}

const noTraffic = { calls: 0, dataIn: 0, dataOut: 0 }

/** The text in pieces. What is exported is decided at the call. `now`: epoch milliseconds. */
export function exportJson(source: ExportSource, kept: Kept, now = Date.now()): AsyncGenerator<string> {
  const top = sections.map(({ name, definition }) => ({
    name,
    definition,
    entities: source.list(definition),
  }))
  const inner = extensionSections.map(section => ({ ...section, entities: source.list(section.definition) }))
  return gathered(pieces(top, inner, kept, now))
}

interface Listed {
  readonly name: string
  readonly definition: EntityDefinition
  readonly entities: EntityList
}

function* pieces(
  top: readonly Listed[],
  inner: readonly (Listed & { readonly extension: string })[],
  kept: Kept,
  now: number,
): Generator<string> {
  yield `{"label":"Otoroshi export","dateRaw":${now},"date":${JSON.stringify(new Date(now).toISOString())}`
  yield `,"stats":${JSON.stringify({ ...noTraffic, ...kept.stats })}`
  for (const section of top) {
    yield `,\n${JSON.stringify(section.name)}:`
    if (section.definition.singleton === undefined) yield* list(alive(section, now, kept.adminRoute))
    else yield JSON.stringify(section.entities.at(0)?.view() ?? section.definition.template(''))
  }
  yield ',\n"extensions":{'
  const names = new Set([...inner.map(({ extension }) => extension), ...Object.keys(kept.extensions)])
  let before = '\n'
  for (const extension of names) {
    yield `${before}${JSON.stringify(extension)}:{`
    yield* extensionLists(
      inner.filter(section => section.extension === extension),
      Object.hasOwn(kept.extensions, extension) ? kept.extensions[extension]! : {},
      now,
    )
    yield '}'
    before = ',\n'
  }
  yield '}}\n'
}

function* extensionLists(
  known: readonly Listed[],
  foreign: Readonly<Record<string, readonly unknown[]>>,
  now: number,
): Generator<string> {
  let before = ''
  for (const section of known) {
    yield `${before}${JSON.stringify(section.name)}:`
    yield* list(alive(section, now))
    before = ','
  }
  for (const [plural, entities] of Object.entries(foreign)) {
    yield `${before}${JSON.stringify(plural)}:`
    yield* list(entities)
    before = ','
  }
}

function* list(entities: Iterable<unknown>): Generator<string> {
  yield '['
  let before = '\n'
  for (const entity of entities) {
    yield before + JSON.stringify(entity)
    before = ',\n'
  }
  yield ']'
}

// The index still holds sessions that have ended.
function* alive(
  { definition, entities }: Listed,
  now: number,
  adminRoute: SetAside | null = null,
): Generator<unknown> {
  const ofRoutes = definition.kind === 'Route' ? adminRoute : null
  for (const entity of entities) {
    if (ofRoutes?.imported['id'] === entity.id && ofRoutes.beside === entity.json) {
      yield ofRoutes.imported
      continue
    }
    const view = entity.view()
    const end = endOf(definition, view)
    if (end === null || end > now) yield view
  }
}

/** Chunks of some size, and turns for others between them. */
export async function* gathered(source: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  const turns = new Turns()
  let chunk = ''
  for await (const piece of source) {
    chunk += piece
    if (chunk.length < 65_536) continue
    yield chunk
    chunk = ''
    await turns.pause()
  }
  if (chunk !== '') yield chunk
}
