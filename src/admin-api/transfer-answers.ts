/** What an import answers: counts when it is made, every change when it is tried, every fault when it is refused. */
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { ReplacementOutcome } from '../control/replacement.ts'
import { gathered } from '../control/transfer/export-json.ts'
import type { Incoming } from '../control/transfer/incoming.ts'
import type { Kept } from '../control/transfer/kept.ts'
import { equalJson } from '../model/equal-json.ts'
import type { EntityFault } from '../revision/delta.ts'
import { ApiError } from './api-error.ts'
import { describe } from './guarded-import.ts'
import { diffEntities } from './entity-view.ts'
import type { Reply } from './reply.ts'

export interface ImportContext {
  readonly incoming: Incoming
  readonly warnings: readonly string[]
  /** What would close the admin API: such an import is refused. */
  readonly closed: readonly EntityFault[]
  /** What an earlier import left to be kept. */
  readonly keptBefore: Kept
}

/** The answer of an import that was made. */
export function doneAnswer(outcome: ReplacementOutcome, context: ImportContext): Record<string, unknown> {
  const { created, updated, removed, unchanged, revision } = outcome
  return {
    done: true,
    revision,
    created: created.length,
    updated: updated.length,
    removed: removed.length,
    unchanged,
    ...besides(context),
  }
}

/** The answer of an import that was only tried, made while it is sent. */
export function dryRunAnswer(outcome: ReplacementOutcome, context: ImportContext): Reply {
  return {
    status: 200,
    headers: [['Cache-Control', 'no-store']],
    type: 'application/json',
    body: gathered(pieces(outcome, context)),
  }
}

function* pieces(outcome: ReplacementOutcome, context: ImportContext): Generator<string> {
  const { created, updated, removed, unchanged } = outcome
  const { incoming } = context
  const refused = incoming.invalidCount > 0 || context.closed.length > 0
  const changes = created.length + updated.length + removed.length > 0 || keptChanges(context)
  const would = refused ? 'refuse' : changes ? 'import' : 'nothing'
  yield `{"dry_run":true,"would":"${would}","unchanged":${unchanged}`
  yield* list('created', created, named)
  yield* list('updated', updated, ({ before, after }) => ({
    ...named(after),
    diff: diffEntities(before, after),
  }))
  yield* list('removed', removed, named)
  yield* list('invalid', incoming.invalid, one => one)
  yield* list('closed', context.closed, one => one)
  yield `,"invalid_count":${incoming.invalidCount}`
  for (const [name, value] of Object.entries(besides(context)))
    yield `,\n${JSON.stringify(name)}:${JSON.stringify(value)}`
  yield '}\n'
}

function* list<T>(name: string, items: readonly T[], show: (item: T) => unknown): Generator<string> {
  yield `,\n${JSON.stringify(name)}:[`
  let before = '\n'
  for (const item of items) {
    yield before + JSON.stringify(show(item))
    before = ',\n'
  }
  yield ']'
}

function named(entity: IndexedEntity): { kind: string; id: string } {
  return { kind: entity.definition.kind, id: entity.id }
}

function besides(context: ImportContext): Record<string, unknown> {
  const { incoming, warnings, keptBefore } = context
  const { leftOut, kept } = incoming
  return {
    kept: counted(kept),
    ...(keptChanges(context) && { kept_before: counted(keptBefore) }),
    left_out: Object.fromEntries(leftOut),
    warnings,
  }
}

function keptChanges({ incoming, keptBefore }: ImportContext): boolean {
  return !equalJson(incoming.kept, keptBefore)
}

/** Entities of unknown kinds by extension and plural. */
function counted({ extensions }: Kept): Record<string, Record<string, number>> {
  return Object.fromEntries(
    Object.entries(extensions).map(([extension, kinds]) => [
      extension,
      Object.fromEntries(Object.entries(kinds).map(([plural, entities]) => [plural, entities.length])),
    ]),
  )
}

/** What is wrong with an import, one sentence a fault, each with its place. */
export function faultSentences({ invalid }: Incoming): string[] {
  return invalid.flatMap(({ where, kind, id, faults }) =>
    faults.map(({ path, message }) => {
      const what = kind === null ? where : `${where} (${kind}${id === null ? '' : ` ${id}`})`
      return path === '' ? `${what}: ${message}` : `${what}: ${path}: ${message}`
    }),
  )
}

/** The refusal of an import that holds what cannot be taken. */
export function invalidImport(incoming: Incoming, warnings: readonly string[]): ApiError {
  return new ApiError(400, 'admin.invalid_entity', 'bad_request', faultSentences(incoming), {
    invalid: incoming.invalid,
    invalid_count: incoming.invalidCount,
    warnings,
  })
}

/** The refusal of an import that would close the admin API. */
export function closingImport(closed: readonly EntityFault[]): ApiError {
  const description = `the import would close the admin API: ${describe(closed)}`
  return new ApiError(400, 'admin.locked_out', 'bad_request', description, { closed })
}
