/** Bodies by their content type: entities, patches, and upstream's list of paths and values. */
import { checkJson, defaultJsonLimits } from '../model/check-json.ts'
import { jsonCost } from '../model/json-cost.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import { applyPatch, PatchError } from './json-patch.ts'
import { arrayIndex } from './json-pointer.ts'
import { mergePatch } from './merge-patch.ts'
import { readWhole, tooDeep, tooMany } from './request-body.ts'
import { parseYaml } from './yaml-body.ts'

/** What a body says: the thing itself, or how to make it from another (a fresh value that `apply` may change). */
export type Content =
  | { readonly form: 'value'; readonly value: unknown }
  | { readonly form: 'patch'; readonly apply: (base: unknown) => unknown }

/** Content of a write that is no PATCH. */
export async function readContent(call: Call): Promise<Content> {
  const type = contentType(call)
  switch (type) {
    case '':
    case 'application/json':
      return { form: 'value', value: parseJson(await readWhole(call.exchange, call.limits.maxBody), call) }
    case 'application/yaml':
    case 'application/yml':
    case 'application/x-yaml':
    case 'text/yaml':
    case 'application/yaml+k8s':
    case 'application/yml+k8s':
      return { form: 'value', value: await readYaml(call) }
    case 'application/json+oto-patch': {
      const list = parseJson(await readWhole(call.exchange, call.limits.maxBody), call)
      return { form: 'patch', apply: base => setPaths(base, pathsOfList(list), call) }
    }
    case 'application/x-www-form-urlencoded': {
      const bytes = await readWhole(call.exchange, call.limits.maxBody)
      const pairs = pairsOf(bytes)
      return { form: 'patch', apply: base => setPaths(base, pairs, call) }
    }
    default:
      throw badRequest('bad content type', 'admin.bad_content_type')
  }
}

/** Content of a PATCH: JSON Patch (a list), merge patch (an object), or paths and values. */
export async function readPatch(call: Call): Promise<(base: unknown) => unknown> {
  const type = contentType(call)
  if (
    type === 'application/json-patch+json' ||
    type === 'application/merge-patch+json' ||
    /^(application\/json)?$/.test(type)
  ) {
    const patch = parseJson(await readWhole(call.exchange, call.limits.maxBody), call)
    const merges =
      type === 'application/merge-patch+json' || (type !== 'application/json-patch+json' && isObject(patch))
    return merges ? mergeWith(patch) : patchWith(patch)
  }
  const content = await readContent(call)
  return content.form === 'patch' ? content.apply : mergeWith(content.value)
}

/** A JSON Patch as a function; a patch that does not apply is refused with 400. */
export function patchWith(patch: unknown): (base: unknown) => unknown {
  return base => {
    try {
      return applyPatch(base, patch)
    } catch (error) {
      throw error instanceof PatchError ? badRequest(error.message, 'admin.bad_patch') : error
    }
  }
}

/** A merge patch as a function. */
export function mergeWith(patch: unknown): (base: unknown) => unknown {
  if (!isObject(patch)) throw badRequest('a merge patch is an object', 'admin.bad_patch')
  return base => mergePatch(base, patch)
}

/** The content type without parameters, lower case; empty when there is none. */
export function contentType(call: Call): string {
  return (call.headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

/** Parses JSON, after refusing what is nested too deeply or holds too many values. Throws 400. */
export function parseJson(bytes: Uint8Array, call: Pick<Call, 'limits'>): unknown {
  const { maxValues } = call.limits
  const cost = jsonCost(bytes, defaultJsonLimits.maxDepth, maxValues)
  if (cost.depth > defaultJsonLimits.maxDepth) throw tooDeep()
  if (cost.values > maxValues) throw tooMany(maxValues)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw badRequest([`Not JSON: ${error instanceof Error ? error.message : 'unreadable'}`])
  }
}

async function readYaml({ exchange, limits }: Call): Promise<unknown> {
  const bytes = await readWhole(exchange, limits.maxYaml)
  const most = Math.min(limits.maxValues, limits.maxYamlValues)
  const value = await parseYaml(bytes.toString(), defaultJsonLimits.maxDepth, most)
  const fault = checkJson(value)
  if (fault !== null) throw badRequest([`${fault.path}: ${fault.message}`])
  return fromKubernetes(value)
}

// `apiVersion` and `spec`: a Kubernetes object around the entity.
function fromKubernetes(value: unknown): unknown {
  if (!isObject(value) || value['apiVersion'] === undefined || !isObject(value['spec'])) return value
  const metadata = isObject(value['metadata']) ? value['metadata'] : {}
  return { name: metadata['name'], ...value['spec'], kind: value['kind'] }
}

function pathsOfList(list: unknown): [string, unknown][] {
  if (!Array.isArray(list)) throw badRequest('expected a list of {path, value}', 'admin.bad_patch')
  return list.map(item => {
    if (!isObject(item) || typeof item['path'] !== 'string')
      throw badRequest('expected a list of {path, value}', 'admin.bad_patch')
    return [item['path'], item['value'] ?? null]
  })
}

/** Paths one body may set. */
const mostPaths = 10_000

function pairsOf(bytes: Buffer): [string, string][] {
  let pairs = 1
  for (let at = bytes.indexOf(38); at !== -1; at = bytes.indexOf(38, at + 1)) if (++pairs > mostPaths) break
  if (pairs > mostPaths) throw tooMany(mostPaths)
  return [...new URLSearchParams(bytes.toString())]
}

function setPaths(
  base: unknown,
  entries: ReadonlyArray<readonly [string, unknown]>,
  { limits }: Call,
): unknown {
  const left = { values: limits.maxValues }
  if (entries.length > mostPaths) throw tooMany(mostPaths)
  for (const [path, value] of entries) {
    setPath(base, path, converted(value, left))
    if (left.values < 0) throw tooMany(limits.maxValues)
  }
  return base
}

// Text that looks like JSON is meant as such: command lines and forms have no other way to say it.
function converted(value: unknown, left: { values: number }): unknown {
  if (typeof value !== 'string') return value
  if (!/^(true|false|null|-?\d{1,17}(\.\d+)?|\{.*\}|\[.*\])$/s.test(value)) return value
  const { maxDepth } = defaultJsonLimits
  const cost = jsonCost(Buffer.from(value), maxDepth, left.values)
  if (cost.depth > maxDepth) return value
  left.values -= cost.values
  if (left.values < 0) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function setPath(root: unknown, path: string, value: unknown): void {
  const bad = (why: string) => new ApiError(400, 'admin.bad_patch', 'bad_request', `${path}: ${why}`)
  const tokens = path.split('.')
  if (tokens.includes('__proto__') || tokens.length > 50) throw bad('this path is not accepted')
  let at: unknown = root
  for (const [i, token] of tokens.entries()) {
    const last = i === tokens.length - 1
    if (Array.isArray(at)) {
      const index = arrayIndex(token)
      if (index < 0 || index > at.length) throw bad('there is no such position in the list')
      if (last) at[index] = value
      else at = at[index] ??= {}
    } else if (isObject(at)) {
      if (last) at[token] = value
      else {
        const next = Object.hasOwn(at, token) ? at[token] : undefined
        at = at[token] = next ?? {}
      }
    } else throw bad('there is no object to hold this path')
  }
}
