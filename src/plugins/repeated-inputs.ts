/**
 * Header fields, query parameters and cookies that are there more than once. Whoever judges one of them must not be shown another
 * than the backend takes.
 */
import { alternativesOf } from '../expression/client-chosen.ts'
import { cookiePairs, cookieValues } from '../http/cookies.ts'
import type { ClientRequest } from '../plugin/index.ts'

/** A place of a request that has a name. */
export interface NamedInput {
  readonly kind: 'headers' | 'query' | 'cookies'
  readonly name: string
}

/** What the expressions of a text look at: `req.headers.x-a:none` is the field `x-a`. */
export function inputsOf(expressions: readonly string[]): readonly NamedInput[] {
  return expressions.flatMap(alternativesOf).flatMap(part => {
    const [, kind, rest] = /^\s*req\.(headers|query|cookies)\.(.+?)\s*$/s.exec(part) ?? []
    if (kind === undefined) return []
    // A default stands behind the last colon, and no name holds one as a rule: both are looked at.
    const bare = rest!.replace(/:[^:]*$/, '')
    return [...new Set([rest!, bare])].map(name => ({ kind: kind as NamedInput['kind'], name }))
  })
}

/** All values of a place, in order. */
export function valuesOf({ kind, name }: NamedInput, request: ClientRequest): readonly string[] {
  if (kind === 'headers') return request.headers.getAll(name.toLowerCase())
  if (kind === 'query') return request.query.getAll(name)
  return cookieValues(request.headers.getAll('cookie'), name)
}

/** True when a cookie is there more than once. */
export function repeatsCookie(request: ClientRequest): boolean {
  const names = cookiePairs(request.headers.getAll('cookie')).map(([name]) => name)
  return new Set(names).size < names.length
}

/** True when one of the places holds more than one value. */
export function anyRepeated(inputs: readonly NamedInput[], request: ClientRequest): boolean {
  return inputs.some(input => valuesOf(input, request).length > 1)
}

/**
 * Header fields and parameters that a JSONPath into the document of a request may look at, whichever way it is written: all names that
 * stand in it. None for paths into something else, such as `$.apikey.tags`.
 */
export function inputsOfPath(path: string): readonly NamedInput[] {
  const text = path.trim()
  if (/^\$\.(?!request\b)\w+/.test(text) || /^\$\.request\.(?!headers\b|query\b)\w+/.test(text)) return []
  const quoted = [...text.matchAll(/'([^']*)'|"([^"]*)"/g)].map(found => found[1] ?? found[2] ?? '')
  const names = new Set([...quoted, ...(text.match(/[\w-]+/g) ?? [])].filter(name => name !== ''))
  return [...names].flatMap(name => [
    { kind: 'headers' as const, name },
    { kind: 'query' as const, name },
  ])
}
