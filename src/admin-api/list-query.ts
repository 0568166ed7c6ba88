/** The query parameters of lists: filter, sort, paginate, project, in that order (reference, 3.1). */
import { isObject } from '../model/types/shape.ts'
import { ApiError } from './api-error.ts'
import { parsePointer, valueAt } from './json-pointer.ts'

type Entity = Readonly<Record<string, unknown>>
type Predicate = (entity: Entity) => boolean

export interface SortField {
  readonly tokens: readonly string[]
  readonly ascending: boolean
}

export interface ListQuery {
  /** Null: every entity is wanted. */
  readonly accepts: Predicate | null
  /** Texts that top fields must have, unless what they hold is no text. Part of what `accepts` tests. */
  readonly exact: ReadonlyArray<readonly [field: string, text: string]>
  /** Texts of which top fields must hold one, whatever its case, unless what they hold is no text. Part of `accepts`, too. */
  readonly parts: ReadonlyArray<readonly [field: string, texts: readonly string[]]>
  readonly sort: readonly SortField[]
  /** From 1 on. */
  readonly page: number
  /** Infinity without paging. */
  readonly pageSize: number
  /** Null: whole entities. */
  readonly fields: ReadonlyArray<readonly string[]> | null
}

/** Reads the parameters. Throws 501 for JSONPath beyond plain steps. */
export function listQuery(query: URLSearchParams): ListQuery {
  const tests: Predicate[] = []
  const exact: [string, string][] = []
  const parts: [string, readonly string[]][] = []
  for (const [name, value] of query) {
    if (name.startsWith('filter.')) {
      const tokens = tokensOfKey(name.slice(7))
      tests.push(exactly(tokens, value))
      if (tokens.length === 1) exact.push([tokens[0]!, value])
    } else if (name === 'filtered')
      for (const part of listOf(value).map(searched)) {
        tests.push(containing(part))
        if (!part.field.includes('.')) parts.push([part.field, part.texts])
      }
  }
  const fields = listOf(query.get('fields')).map(path => path.split('.'))
  return {
    accepts: tests.length === 0 ? null : entity => tests.every(test => test(entity)),
    exact,
    parts,
    sort: listOf(query.get('sorted')).map(sortField),
    page: Math.max(1, wholeNumber(query.get('page'), 1)),
    pageSize: Math.max(1, wholeNumber(query.get('pageSize'), Number.POSITIVE_INFINITY)),
    fields: fields.length === 0 ? null : fields,
  }
}

function listOf(text: string | null): string[] {
  if (text === null) return []
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}

function wholeNumber(text: string | null, fallback: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : fallback
}

function sortField(text: string): SortField {
  const [path = '', order = 'false'] = text.split(':')
  return { tokens: path.split('.'), ascending: order.trim() === 'true' }
}

/** The steps to a field: JSONPath (`$.a.b`), dotted path, JSON pointer or the name of a top level field. */
export function tokensOfKey(key: string): readonly string[] {
  if (key.startsWith('$') && key.includes('.')) return tokensOfJsonPath(key)
  if (key.includes('.')) return key.split('.')
  if (key.includes('/')) return parsePointer(key.startsWith('/') ? key : `/${key}`) ?? [key]
  return [key]
}

function tokensOfJsonPath(path: string): readonly string[] {
  const tokens: string[] = []
  const step = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^'\\]*)'\]|\["([^"\\]*)"\]/y
  step.lastIndex = 1
  while (step.lastIndex < path.length) {
    const found = step.exec(path)
    if (found === null)
      throw new ApiError(
        501,
        'admin.not_built',
        'not_implemented',
        'filters by JSONPath take plain steps only, such as $.a.b[0]',
      )
    tokens.push(found[1] ?? found[2] ?? found[3] ?? found[4] ?? '')
  }
  return tokens
}

function exactly(tokens: readonly string[], wanted: string): Predicate {
  return entity => {
    const value = valueAt(entity, tokens)
    if (typeof value === 'string') return value === wanted
    if (typeof value === 'boolean') return wanted === String(value)
    if (typeof value === 'number') return wanted.trim() !== '' && value === Number(wanted)
    if (Array.isArray(value)) return value.some(item => typeof item === 'string' && item.includes(wanted))
    return false
  }
}

interface Search {
  readonly field: string
  /** In lower case; one of them is enough. */
  readonly texts: readonly string[]
}

// `name:search` or `name:this|that`.
function searched(part: string): Search {
  const colon = part.indexOf(':')
  const field = colon < 0 ? part : part.slice(0, colon)
  return { field, texts: (colon < 0 ? '' : part.slice(colon + 1)).toLowerCase().split('|') }
}

function containing({ field, texts }: Search): Predicate {
  const names = [...new Set([field.toLowerCase(), field])].map(name => name.split('.'))
  return entity => {
    const value = names.map(tokens => valueAt(entity, tokens)).find(found => found !== undefined)
    return texts.some(wanted => contains(value, wanted))
  }
}

function contains(value: unknown, wanted: string): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(wanted)
  if (typeof value === 'boolean') return String(value) === wanted
  if (typeof value === 'number') {
    const digits = wanted.replace(/\D/g, '')
    return digits !== '' && String(value).replace(/\D/g, '').includes(digits)
  }
  if (Array.isArray(value)) return value.some(item => contains(item, wanted))
  return isObject(value) && JSON.stringify(value).toLowerCase().includes(wanted)
}

/** What an entity is sorted by: taken once, so that the entity itself need not be kept. */
export function sortKeys(entity: Entity, sort: readonly SortField[]): unknown[] {
  return sort.map(({ tokens }) => valueAt(entity, tokens))
}

/** Order of two sets of sort keys. `numeric` tells per field whether it is compared as a number. */
export function compareSortKeys(
  a: readonly unknown[],
  b: readonly unknown[],
  sort: readonly SortField[],
  numeric: readonly boolean[],
): number {
  for (const [i, { ascending }] of sort.entries()) {
    const order =
      numeric[i] === true ? numberOf(a[i]) - numberOf(b[i]) : compareTexts(textOf(a[i]), textOf(b[i]))
    if (order !== 0 && !Number.isNaN(order)) return ascending ? order : -order
  }
  return 0
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value.toLowerCase()
  return value === undefined || value === null ? '' : JSON.stringify(value).toLowerCase()
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Keeps the given paths, with the objects around them. */
export function project(entity: Entity, fields: ReadonlyArray<readonly string[]>): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const tokens of fields) {
    const value = valueAt(entity, tokens)
    if (value === undefined || tokens.includes('__proto__')) continue
    let at = kept
    for (const token of tokens.slice(0, -1)) {
      const next = Object.hasOwn(at, token) ? at[token] : undefined
      at = isObject(next) ? next : (at[token] = {})
    }
    at[tokens.at(-1)!] = value
  }
  return kept
}
