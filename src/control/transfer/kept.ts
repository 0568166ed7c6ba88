/**
 * What an export held and this gateway does not serve: entities of extensions nobody here knows, the counted traffic, and
 * the route of the admin API as it was written when it would have closed the API. It is kept in one value beside the
 * entities and given back by the next export.
 */
import { isObject } from '../../model/types/shape.ts'

/** Entities by extension and plural. */
export type ForeignEntities = Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>>

export interface Kept {
  readonly extensions: ForeignEntities
  /** Counters of the instance the export was made on, null when none were given. */
  readonly stats: Readonly<Record<string, unknown>> | null
  readonly adminRoute: SetAside | null
}

/** An entity of an import that was not taken. Whoever writes the one that stayed decides anew: then it is forgotten. */
export interface SetAside {
  /** The entity in its normal form. */
  readonly imported: Readonly<Record<string, unknown>>
  /** Text of the one that stayed. */
  readonly beside: string
}

export const nothingKept: Kept = { extensions: {}, stats: null, adminRoute: null }

/** Key of the value. */
export function keptKey(root: string): string {
  return `${root}:import:kept`
}

/** The text to be stored, null when there is nothing to keep. */
export function keptText(kept: Kept): string | null {
  const { extensions, stats, adminRoute } = kept
  const nothing = stats === null && adminRoute === null && Object.keys(extensions).length === 0
  return nothing ? null : JSON.stringify(kept)
}

/** Reads the stored text. */
export function readKept(text: string | null): Kept {
  if (text === null) return nothingKept
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return nothingKept
  }
  if (!isObject(value)) return nothingKept
  const extensions: Record<string, Record<string, readonly unknown[]>> = {}
  for (const [extension, kinds] of Object.entries(isObject(value['extensions']) ? value['extensions'] : {})) {
    const lists = isObject(kinds) ? Object.entries(kinds).filter(([, list]) => Array.isArray(list)) : []
    if (lists.length > 0) extensions[extension] = Object.fromEntries(lists as [string, unknown[]][])
  }
  return {
    extensions,
    stats: isObject(value['stats']) ? value['stats'] : null,
    adminRoute: setAside(value['adminRoute']),
  }
}

function setAside(value: unknown): SetAside | null {
  if (!isObject(value)) return null
  const { imported, beside } = value
  return isObject(imported) && typeof beside === 'string' ? { imported, beside } : null
}
