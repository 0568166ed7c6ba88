/**
 * Entities as events show them, and their JSON. Both are made once for an entity, not once for an event: the same object comes
 * with every request of a route until a revision brings another.
 */
import { maskSecrets } from './mask-secrets.ts'

const shown = new WeakMap<object, object>()
/** By what is shown; empty until somebody wants it. */
const texts = new WeakMap<object, string>()

/** The entity with secrets masked. */
export function shownEntity(entity: object): object {
  let value = shown.get(entity)
  if (value === undefined) {
    value = keepText(maskSecrets(entity) as object)
    shown.set(entity, value)
  }
  return value
}

/** An object that nobody changes and that comes with many events: its JSON is made once. */
export function keepText<T extends object>(value: T): T {
  texts.set(value, '')
  return value
}

/** The JSON of what `shownEntity` or `keepText` gave; undefined for other objects. */
export function shownText(value: object): string | undefined {
  let text = texts.get(value)
  if (text === '') {
    text = JSON.stringify(value)
    texts.set(value, text)
  }
  return text
}
