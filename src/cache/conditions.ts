/** Conditional requests (RFC 9110, 13; RFC 9111, 4.3): those of clients, and those the cache makes. */
import { type Field, type Fields, single } from './fields.ts'
import { readDate } from './http-date.ts'

/** Fields that make a request conditional. */
export const CONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
] as const

/** True when the client has the answer already. `now` for dates with two-digit years. */
export function unchanged(request: Fields, answer: Fields, now: number): boolean {
  const tags = request.getAll('if-none-match')
  const tag = single(answer, 'etag')
  if (tags.length > 0) return tag !== null && listed(tags.join(','), tag)
  const since = single(request, 'if-modified-since')
  const modified = single(answer, 'last-modified')
  if (since === null || modified === null) return false
  const [asked, changed] = [readDate(since, now), readDate(modified, now)]
  return since === modified || (asked !== null && changed !== null && changed <= asked)
}

/** Compares weakly, as caches do; quotes may hold commas. */
function listed(list: string, tag: string): boolean {
  if (list.trim() === '*') return true
  const plain = weakless(tag)
  for (const [member] of list.matchAll(/(?:W\/)?"[^"]*"|[^\s,]+/gi))
    if (weakless(member) === plain) return true
  return false
}

function weakless(tag: string): string {
  return /^W\//i.test(tag) ? tag.slice(2) : tag
}

/** True when a part is wanted and `If-Range`, if given, names what is kept; compared strongly. */
export function partWanted(request: Fields, answer: Fields): boolean {
  const condition = single(request, 'if-range')
  if (condition === null) return request.getAll('if-range').length === 0
  const tag = single(answer, 'etag')
  if (condition.startsWith('"')) return condition === tag
  return !/^W\//i.test(condition) && condition === single(answer, 'last-modified')
}

/** Fields that ask whether the kept answer still holds; empty when it has no validator. */
export function validators(answer: Fields): readonly Field[] {
  const tag = single(answer, 'etag')
  const modified = single(answer, 'last-modified')
  const fields: Field[] = []
  if (tag !== null && tag !== '') fields.push(['If-None-Match', tag])
  if (modified !== null && modified !== '') fields.push(['If-Modified-Since', modified])
  return fields
}
