/** Building blocks of plugin settings. A setting that is absent or null takes its default; unknown ones are kept. */
import { schema as v } from '../schema/index.ts'

export const text = v.string()
export const flag = v.boolean()
export const texts = v.array(v.string())
export const textMap = v.record(v.string(), v.string())
/** A whole number, zero or more. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0))
/** Status of a final answer (RFC 9110, 15). */
export const answerStatus = v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599))

/** A setting with its default. Give lists and objects as functions. */
export function setting<
  const S extends v.GenericSchema,
  const D extends v.Default<S, null | undefined> & (v.InferInput<S> | null | (() => v.InferInput<S> | null)),
>(type: S, fallback: D, description: string) {
  return v.pipe(v.nullish(type, fallback), v.description(description))
}

export const noTexts = (): string[] => []
export const noEntries = (): Record<string, string> => ({})

/** For plugins that have nothing to set. */
export const noSettings = v.looseObject({})
