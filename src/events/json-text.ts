/** JSON of events and of what projections make of them. */
import { LazyEvent } from './lazy-event.ts'
import { isObject } from './match.ts'
import { shownText } from './shown-entity.ts'

/** The JSON of an event. Throws for what has none. */
export function eventText(event: unknown): string {
  return event instanceof LazyEvent ? event.text() : projectedText(event)
}

/** The same of what a projection made. Entities in it are not written anew. Throws for what has no JSON. */
export function projectedText(value: unknown): string {
  if (!isObject(value) || value instanceof LazyEvent) return JSON.stringify(value)
  let entities = ''
  let rest = value
  for (const name of Object.keys(value)) {
    const field = value[name]
    if (typeof field !== 'object' || field === null) continue
    const text = shownText(field)
    if (text === undefined) continue
    entities += `,${JSON.stringify(name)}:${text}`
    if (rest === value) rest = { ...value }
    // JSON leaves such a field out.
    rest[name] = undefined
  }
  return withFields(JSON.stringify(rest), entities)
}

/** The JSON of an object with more fields, each with a comma before it. */
export function withFields(object: string, more: string): string {
  if (more === '') return object
  return object === '{}' ? `{${more.slice(1)}}` : `${object.slice(0, -1)}${more}}`
}
