/** Answers to writes of the generic API. */
import type { EntityDefinition } from '../model/entity.ts'
import { notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { entityTag } from './conditions.ts'
import { diffEntities, kindLabel, show, viewOf, withKind } from './entity-view.ts'
import type { Written } from './entity-writes.ts'
import { renderOne } from './rendering.ts'
import type { Reply } from './reply.ts'

export type Fields = Array<readonly [string, string]>

/** The answer to a write: the entity, or what would happen on a dry run. */
export async function written(
  call: Call,
  status: number,
  result: Written,
  headers: Fields = [],
): Promise<Reply> {
  const { definition, before, after } = result
  const shown = after ?? before
  if (shown === null) throw notFound()
  if (call.dryRun) return dryRun(call, result)
  const tag: Fields = after === null ? [] : [['ETag', entityTag(after)]]
  const all = [...tag, ['X-Pages', '-1'] as const, ...headers, ...deprecation(definition)]
  return renderOne(call, status, withKind(definition, show(shown)), definition, all)
}

/** What a write would do. */
export function dryRun(
  call: Call,
  { definition, before, after, changed }: Written,
  more: Record<string, unknown> = {},
): Promise<Reply> {
  const would = !changed ? 'nothing' : after === null ? 'delete' : before === null ? 'create' : 'update'
  const diff =
    before !== null && after !== null
      ? diffEntities(before, after)
      : [{ op: after === null ? 'remove' : 'add', path: '', ...(after !== null && { value: viewOf(after) }) }]
  const entity = after === null ? null : show(after)
  return renderOne(call, 200, { dry_run: true, would, diff, entity, ...more, kind: kindLabel(definition) })
}

/** Tells that a kind is not to be used any more. */
export function deprecation(definition: EntityDefinition): Fields {
  return definition.deprecated === true ? [['Otoroshi-Api-Deprecated', 'yes']] : []
}
