/**
 * Events whose fields are made when somebody reads them: an exporter that keeps six fields pays for six.
 *
 * Filters and projections read events through `own` and `plain`, so that they need not know which kind they have.
 */

export abstract class LazyEvent {
  /** The value of a field; undefined when the event has none of that name. */
  abstract read(name: string): unknown
  /** All fields, in an object of the caller's own. */
  abstract toJSON(): Record<string, unknown>
  /** The same as JSON. */
  abstract text(): string
}

/** The value of an own field of an object or a lazy event. */
export function own(value: object, name: string): unknown {
  if (value instanceof LazyEvent) return value.read(name)
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

/** A value that has all its fields. */
export function plain(value: unknown): unknown {
  return value instanceof LazyEvent ? value.toJSON() : value
}
