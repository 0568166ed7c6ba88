/**
 * Building blocks of entity schemas. Guarantees: a field with a default takes it when absent or null (clients send both),
 * objects keep the fields they do not know, identifiers are usable as storage keys.
 */
import { schema as v } from '../../schema/index.ts'

/** A field that may be absent or null, and then is `fallback`. Give objects and arrays as functions or literals. */
export function field<
  const S extends v.GenericSchema,
  const D extends v.Default<S, null | undefined> & (v.InferInput<S> | null | (() => v.InferInput<S> | null)),
>(type: S, fallback: D, description: string) {
  return v.pipe(v.nullish(type, fallback), v.description(description))
}

/** A field that must be there. */
export function required<const S extends v.GenericSchema>(type: S, description: string) {
  return v.pipe(type, v.description(description))
}

/** A field that may be absent and then stays absent. */
export function absent<const S extends v.GenericSchema>(type: S, description: string) {
  return v.pipe(v.optional(type), v.description(description))
}

export const text = v.string()
export const flag = v.boolean()
export const number = v.pipe(v.number(), v.finite())
/** A whole number, zero or more. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const texts = v.array(v.string())
export const textMap = v.record(v.string(), v.string())
/** A JSON object nobody looks into. */
export const json = v.looseObject({})
/** TCP port. */
export const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535))

/** Text that ends up in a request line, a header value or a query: no control characters. */
export const line = v.pipe(
  v.string(),
  v.regex(/^[^\u0000-\u001f\u007f]*$/, 'Invalid text: control characters are not accepted'),
)
/** Header names and values. */
export const headerMap = v.record(line, line)
/** A host name or address; expressions are accepted. It ends up in request lines, header values and name lookups. */
export const hostname = v.pipe(
  v.string(),
  v.minLength(1),
  v.regex(/^[^\u0000-\u001f\u007f]*$/, 'Invalid host name: control characters are not accepted'),
)

/** An identifier: last part of a storage key, so no control characters and no empty text. */
export const identifier = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(1024),
  // Without the u flag, which JSON Schema patterns cannot carry: half characters are caught when the key is written.
  v.regex(/^[^\u0000-\u001f\u007f]*$/, 'Invalid id: control characters are not accepted'),
)

export const emptyTexts = (): string[] => []
export const emptyMap = (): Record<string, string> => ({})
export const emptyJson = (): Record<string, unknown> => ({})

/** An optional text, null when absent. */
export function optionalText(description: string) {
  return field(text, null, description)
}
