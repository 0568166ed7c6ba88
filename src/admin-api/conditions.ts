/** Entity tags and the conditions on them (RFC 9110, 8.8.3 and 13.1). */
import { createHash } from 'node:crypto'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { HeaderBlock } from '../http/headers.ts'
import { ApiError } from './api-error.ts'

/** The tag of an entity's stored state, in quotes. */
export function entityTag(entity: IndexedEntity): string {
  return `"${createHash('sha256').update(entity.json).digest('base64url').slice(0, 22)}"`
}

/** True when `If-Match` or `If-None-Match` is there. */
export function hasConditions(headers: HeaderBlock): boolean {
  return headers.has('if-match') || headers.has('if-none-match')
}

/** Throws 412 unless the conditions of a write hold on what is there. */
export function checkConditions(headers: HeaderBlock, current: IndexedEntity | null): void {
  const match = headers.get('if-match')
  if (match !== undefined && !names(match, current)) failed('If-Match', current)
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== undefined && names(noneMatch, current)) failed('If-None-Match', current)
}

/** True when the client has this state already. */
export function isKnown(headers: HeaderBlock, current: IndexedEntity): boolean {
  return headers.has('if-none-match') && isKnownTag(headers, entityTag(current))
}

/** True when `If-None-Match` names the tag, compared weakly (RFC 9110, 13.1.2). */
export function isKnownTag(headers: HeaderBlock, tag: string): boolean {
  const noneMatch = headers.get('if-none-match')
  return noneMatch !== undefined && listed(noneMatch.replaceAll('W/', ''), tag.replace('W/', ''))
}

function names(tags: string, current: IndexedEntity | null): boolean {
  return current !== null && listed(tags, entityTag(current))
}

function listed(tags: string, own: string): boolean {
  return tags.trim() === '*' || tags.split(',').some(tag => tag.trim() === own)
}

function failed(field: string, current: IndexedEntity | null): never {
  const there = current === null ? 'there is no such entity' : `its tag is ${entityTag(current)}`
  throw new ApiError(
    412,
    'admin.precondition_failed',
    'precondition_failed',
    `${field} does not hold: ${there}`,
  )
}
