/**
 * What an export held that is no entity of this version: entities of extensions nobody here knows, and the counted
 * traffic. It is kept in one value beside the entities and given back by the next export.
 */
import { isObject } from '../../model/types/shape.ts'

/** Entities by extension and plural. */
export type ForeignEntities = Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>>

export interface Kept {
  readonly extensions: ForeignEntities
  /** Counters of the instance the export was made on, null when none were given. */
  readonly stats: Readonly<Record<string, unknown>> | null
}

export const nothingKept: Kept = { extensions: {}, stats: null }

/** Key of the value. */
export function keptKey(root: string): string {
  return `${root}:import:kept`
}

/** The text to be stored, null when there is nothing to keep. */
export function keptText({ extensions, stats }: Kept): string | null {
  return stats === null && Object.keys(extensions).length === 0 ? null : JSON.stringify({ extensions, stats })
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
  return { extensions, stats: isObject(value['stats']) ? value['stats'] : null }
}
