/** What stands beside a change that took an entity from one key to another: it is a change of both. */
import { isObject } from '../../model/types/shape.ts'

/** At the place the entity has left. The change itself is kept at the other. */
export const wentAway = '{"went":true}'

/** At the place it has now. */
export function cameFrom(left: string): string {
  return JSON.stringify({ left })
}

/** The place it has left, or null. */
export function placeLeft(text: string): string | null {
  if (!text.startsWith('{"left":')) return null
  try {
    const value: unknown = JSON.parse(text)
    const left = isObject(value) ? value['left'] : null
    return typeof left === 'string' ? left : null
  } catch {
    return null
  }
}
