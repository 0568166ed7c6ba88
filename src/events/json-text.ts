/** JSON of events and of what projections make of them. */
import { LazyEvent } from './lazy-event.ts'
import { isObject } from './match.ts'
import { shownText } from './shown-entity.ts'

/** The JSON of an event. Throws for what has none. */
export function eventText(event: unknown): string {
  return event instanceof LazyEvent ? event.text() : JSON.stringify(event)
}

/**
 * The JSON of an object that belongs to the caller, who has no use for it afterwards. Entities in it are not written anew.
 * Throws for what has none.
 */
export function ownText(value: unknown): string {
  if (!isObject(value)) return JSON.stringify(value)
  let entities = ''
  for (const name of Object.keys(value)) {
    const field = value[name]
    if (typeof field !== 'object' || field === null) continue
    const text = shownText(field)
    if (text === undefined) continue
    entities += `,${JSON.stringify(name)}:${text}`
    // Left out below.
    value[name] = undefined
  }
  return withFields(JSON.stringify(value), entities)
}

/** The JSON of an object with more fields, each with a comma before it. */
export function withFields(object: string, more: string): string {
  if (more === '') return object
  return object === '{}' ? `{${more.slice(1)}}` : `${object.slice(0, -1)}${more}}`
}
