/**
 * The one way a thing is described (entities, plugin configurations): valibot schemas whose objects keep the fields
 * they do not know. From one description come the TypeScript type, validation, defaults and JSON Schema.
 */
import * as v from './valibot.ts'

export { v as schema }
export type Schema<T = unknown> = v.GenericSchema<unknown, T>

/** A fault of a value against its description. */
export interface SchemaFault {
  /** Dotted path of the faulty value (`backend.targets.0.port`); empty for the value itself. */
  readonly path: string
  /** What was expected and what was found. */
  readonly message: string
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: SchemaFault[] }

/**
 * Validates `input`, fills defaults and keeps unknown fields. Never throws. `abortEarly`: stop at the first fault, for
 * inputs so large that naming every fault would cost too much.
 */
export function parse<T>(description: Schema<T>, input: unknown, abortEarly = false): Parsed<T> {
  const result = v.safeParse(description, input, { abortEarly })
  if (result.success) return { ok: true, value: result.output }
  const faults = result.issues.map(issue => ({ path: v.getDotPath(issue) ?? '', message: issue.message }))
  return { ok: false, faults }
}

/** Writes faults as one sentence: `backend.targets.0.port: Invalid type …; name: …`. */
export function describeFaults(faults: readonly SchemaFault[]): string {
  return faults.map(f => (f.path === '' ? f.message : `${f.path}: ${f.message}`)).join('; ')
}
