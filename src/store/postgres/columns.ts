/** What stands beside the text of an entity so that upstream finds it: its kind, and a copy as JSON. */
import { storedDefinitions } from '../../model/registry.ts'
import { storagePrefix } from '../../model/storage-key.ts'

export interface KindColumns {
  /** Empty for what is no entity. */
  readonly kind: string
  /** Null where `kind` is empty. */
  readonly json: string | null
}

const none: KindColumns = { kind: '', json: null }
/** Deepest nesting and greatest length of a copy: PostgreSQL has limits of its own, and a commit must not fail by them. */
const maxDepth = 200
const maxLength = 32 * 1024 * 1024

/** `root` is the setting `storageRoot`. */
export function kindColumns(root: string): (key: string, value: string) => KindColumns {
  const kinds = storedDefinitions.map(d => ({ prefix: storagePrefix(root, d), kind: d.singular }))
  return (key, value) => {
    const kind = key.startsWith(`${root}:`) ? kinds.find(({ prefix }) => key.startsWith(prefix)) : undefined
    if (kind === undefined) return none
    const json = copyOf(value)
    return json === null ? none : { kind: kind.kind, json }
  }
}

/** The JSON object in `text`, as PostgreSQL takes it: its JSON has no U+0000 and no half characters. */
function copyOf(text: string): string | null {
  if (text.length > maxLength || !text.startsWith('{')) return null
  try {
    return JSON.stringify(cleaned(JSON.parse(text) as unknown, 0))
  } catch {
    return null
  }
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return clean(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === maxDepth) throw new RangeError('nested too deep')
  if (Array.isArray(value)) return value.map(item => cleaned(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [clean(name), cleaned(item, depth + 1)]),
  )
}

function clean(text: string): string {
  return (text.isWellFormed() ? text : text.toWellFormed()).replaceAll('\0', '\ufffd')
}
