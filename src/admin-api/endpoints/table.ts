/**
 * Every endpoint of the admin API, and the way from a call to the one that answers it.
 *
 * Under `/apis` a kind may be spelled in several ways (`any`, plural, singular, kind); the rows are the same.
 */
import type { EntityDefinition } from '../../model/entity.ts'
import { definitions, findByLegacyPath, findDefinition } from '../../model/registry.ts'
import { ApiError, methodNotAllowed, notBuilt, notFound } from '../api-error.ts'
import type { Call } from '../call.ts'
import { kindLabel } from '../entity-view.ts'
import { isNotBuilt, notBuiltFeature } from '../not-built.ts'
import type { Reply } from '../reply.ts'
import { authCheckEndpoints } from './auth-check.ts'
import { cacheEndpoints } from './cache.ts'
import type { Endpoint, KindEndpoint } from './endpoint.ts'
import { flowEndpoints } from './flows.ts'
import { genericEndpoints } from './generic.ts'
import { grantedKeyEndpoints } from './granted-keys.ts'
import { historyEndpoints } from './history.ts'
import { instanceEndpoints } from './instance.ts'
import { legacyEndpoints } from './legacy.ts'
import { documentEndpoints } from './document.ts'
import { newEntityEndpoints } from './new-entities.ts'
import { type PathMatch, PathTable } from './path-match.ts'
import { quotaEndpoints } from './quotas.ts'
import { serviceEndpoints } from './services.ts'
import { snowMonkeyEndpoints } from './snow-monkey.ts'
import { transferEndpoints } from './transfer.ts'
import { ownLegacyEndpoints, sessionEndpoints } from './users.ts'

/** Endpoints with a path of their own. */
export const endpoints: readonly Endpoint[] = [
  ...documentEndpoints,
  ...instanceEndpoints,
  ...transferEndpoints,
  ...historyEndpoints,
  ...flowEndpoints,
  ...quotaEndpoints,
  ...cacheEndpoints,
  ...authCheckEndpoints,
  ...snowMonkeyEndpoints,
  ...serviceEndpoints,
  ...grantedKeyEndpoints,
  ...newEntityEndpoints,
  ...sessionEndpoints,
]

/** Where a kind is found, and the rows that hold below that path. */
export interface KindPath {
  readonly definition: EntityDefinition
  readonly path: string
  readonly rows: readonly KindEndpoint[]
}

/** The paths of every kind: under `/apis`, and under `/api` where it has one. */
export const kindPaths: readonly KindPath[] = [
  ...definitions.map(definition => ({ definition, path: genericPath(definition), rows: genericEndpoints })),
  ...definitions.flatMap(definition => {
    const path = definition.aliasOf === undefined ? definition.legacyPath : null
    return path === null ? [] : [{ definition, path, rows: legacyRows(definition) }]
  }),
]

function genericPath({ group, version, plural }: EntityDefinition): string {
  return `/apis/${group}/${version}/${plural}`
}

function legacyRows(definition: EntityDefinition): readonly KindEndpoint[] {
  return ownLegacyEndpoints.get(definition) ?? legacyEndpoints
}

/** True when a kind has an operation. */
export function isOffered({ access }: EntityDefinition, row: KindEndpoint): boolean {
  return row.offered?.(access) !== false
}

const fixed = new PathTable(endpoints)
const generic = new PathTable(genericEndpoints)
const legacy = new Map(
  kindPaths
    .filter(({ path }) => path.startsWith('/api/'))
    .map(({ path, definition, rows }) => [path, { definition, table: new PathTable(rows) }]),
)

/** Answers a call. Rejects with 404, 405 or 501 when no endpoint does. */
export async function answerCall(call: Call): Promise<Reply> {
  const { method, segments } = call
  const own = fixed.find(method, segments)
  if (own?.row) return own.row.answer(call, ...own.parts)
  if (own !== null) throw refusalFor(segments, null, own)
  const kind = kindOf(segments)
  const found = kind?.table.find(method, kind.rest, row => isOffered(kind.definition, row)) ?? null
  if (kind !== null && found?.row && !isNameOf(found.parts, segments))
    return labelled(kind, found.row.answer(call, kind.definition, ...found.parts))
  throw refusalFor(segments, kind, found)
}

interface KindCall {
  readonly definition: EntityDefinition
  readonly table: PathTable<KindEndpoint>
  /** The path behind that of the kind. */
  readonly rest: readonly string[]
  readonly generic: boolean
}

function kindOf(segments: readonly string[]): KindCall | null {
  const [root, group = '', version = '', name = ''] = segments
  if (root === 'apis') {
    const definition = segments.length < 4 ? null : findDefinition(group, version, name)
    return definition && { definition, table: generic, rest: segments.slice(4), generic: true }
  }
  for (const length of [3, 2]) {
    if (root !== 'api' || segments.length < length) continue
    const definition = findByLegacyPath(`/${segments.slice(0, length).join('/')}`)
    const found = definition?.legacyPath ? legacy.get(definition.legacyPath) : undefined
    if (found !== undefined) return { ...found, rest: segments.slice(length), generic: false }
  }
  return null
}

// `_form` and the like are operations, though they stand where ids do.
function isNameOf(parts: readonly string[], segments: readonly string[]): boolean {
  return parts.some(part => part.startsWith('_')) && notBuiltFeature(segments) !== null
}

// Errors of `/apis` name the kind, as every object there does.
async function labelled({ definition, generic }: KindCall, answer: Promise<Reply>): Promise<Reply> {
  if (!generic) return answer
  try {
    return await answer
  } catch (error) {
    throw error instanceof ApiError ? withKindLabel(error, kindLabel(definition)) : error
  }
}

function withKindLabel(error: ApiError, kind: string): ApiError {
  if (error.more['kind'] !== undefined) return error
  return new ApiError(
    error.status,
    error.reason,
    error.code,
    error.description,
    { ...error.more, kind },
    error.headers,
  )
}

function refusalFor(
  segments: readonly string[],
  kind: KindCall | null,
  found: PathMatch<Endpoint | KindEndpoint> | null,
): ApiError {
  // Of a path that is there for other methods only what upstream has under exactly this path is missing.
  const feature = found?.row === null && !isNotBuilt(segments) ? null : notBuiltFeature(segments)
  const ofKnownGroup = definitions.some(({ group }) => group === segments[1])
  const refusal =
    feature !== null && !(kind === null && ofKnownGroup)
      ? notBuilt(feature)
      : found === null
        ? notFound()
        : methodNotAllowed(undefined, found.row === null ? found.methods : null)
  if (kind?.generic) return withKindLabel(refusal, kindLabel(kind.definition))
  const unknown = segments[0] === 'apis' && (segments.length === 4 || segments.length === 5)
  return unknown && refusal.status === 404 ? withKindLabel(refusal, 'proxy.otoroshi.io/Unknown') : refusal
}
