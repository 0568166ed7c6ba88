import { schema as v } from '../schema/index.ts'

/** An entity made of a few given fields and the schema's defaults. Throws when a required field was forgotten. */
export function fill<const S extends v.GenericSchema>(type: S, given: v.InferInput<S>): v.InferOutput<S> {
  return v.parse(type, given)
}
